import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../types.ts';
import { type Program, startAt, type startProgram } from './programs.ts';
import { hold } from './stream-clients.ts';

const HELD = 1000;
const WARM_UP = 100;
const FLOW_MS = 10_000;
/** A conversation of some length: whoever keeps it for each open stream shows. */
const CONVERSATION = 'word '.repeat(32 * 205);

/** What each of the open streams added to a program, in KB. */
interface Cost {
  /** Resident, right after they were opened, garbage and grown heap included. */
  readonly rss: number;
  /** What the heap holds for them after a collection. */
  readonly heap: number;
}

/**
 * What an open stream costs A: each figure in an A of its own that has had 100 streams before, so that no heap which others
 * made grow hides it; beside the least proxy that Node can be in the same run.
 */
export async function memory(startA: () => ReturnType<typeof startProgram>, engineUrl: string): Promise<BenchRow[]> {
  const plain = () => startAt(fileURLToPath(new URL('./plain-proxy-process.ts', import.meta.url)), {}, [engineUrl]);
  const costs = async (model: string, ms: number, content?: string) => ({
    own: await costOf(await startA(), model, ms, content),
    node: await costOf(await plain(), model, ms, content),
  });
  const idle = await costs('held', 1000);
  const flowing = await costs('slow', FLOW_MS);
  const long = await costs('held', 1000, CONVERSATION);
  const all = (what: string, { own, node }: typeof idle): BenchRow[] => [
    {
      what: `memory of an open stream in A, ${what}: resident`,
      measured: rounded(own.rss),
      unit: 'KB',
      target: '-',
      ok: true,
      compare: `a proxy of 15 lines on Node's own HTTP: ${rounded(node.rss)} KB (the first ${HELD} of a new process)`,
    },
    {
      what: `memory of an open stream in A, ${what}: heap`,
      measured: rounded(own.heap),
      unit: 'KB',
      target: 'below 30',
      ok: own.heap < 30,
      compare: `that proxy: ${rounded(node.heap)} KB`,
    },
  ];
  return [
    ...all('idle', idle),
    ...all('a token a second', flowing),
    ...all(`a conversation of ${Math.round(CONVERSATION.length / 1024)} KB`, long),
  ];
}

async function costOf(program: Program, model: string, ms: number, content?: string): Promise<Cost> {
  const target = { url: program.url, model, ...(content !== undefined && { content }) };
  try {
    (await hold(target, WARM_UP)).leave();
    await sleep(1000);
    const heapBefore = await program.heap();
    const before = program.rss();
    const held = await hold(target, HELD);
    await sleep(ms);
    const rss = program.rss() - before;
    const heap = (await program.heap()) - heapBefore;
    held.leave();
    return { rss: rss / HELD / 1024, heap: heap / HELD / 1024 };
  } finally {
    await program.stop();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
