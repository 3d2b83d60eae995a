import { describe, expect, it } from 'vitest';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import { askOnMachines, engineNote } from '../../../src/services/workloads/machine-engine.ts';

const [a, b] = [definitionOf('a'), definitionOf('b')];
const URL_ = 'https://models.example/x/Tiny-1B.gguf';
const llama = (flags: object = {}, services = [a]) =>
  askOnMachines(services, { engine: 'llamacpp', 'model-url': [URL_], ...flags });
const refusal = (ask: () => unknown) => {
  try {
    ask();
  } catch (error) {
    return error as { message: string; exit: number; nextSteps: readonly string[] };
  }
  throw new Error('it was not refused');
};

describe('what is asked of an engine on a machine', () => {
  it('is Ollama with the model of the service, where nothing is said', () => {
    expect(askOnMachines([a], {})).toEqual({ services: { a: { model: 'tinyllama' } }, ollamaImage: undefined });
    expect(askOnMachines([b], { model: 'x/y:1', 'ollama-image': 'o:1' })).toEqual({
      services: { b: { model: 'x/y:1' } },
      ollamaImage: 'o:1',
    });
  });

  it('is a file for llama.cpp: the one that is named, else that of the address, else the default', () => {
    expect(llama()).toEqual({
      services: { a: { model: 'Tiny-1B.gguf', download: { url: URL_ } } },
      llama: {},
    });
    const { services } = llama({ 'model-a': 'own.gguf', 'model-url': [`${URL_}?download=true#x`] });
    expect(services.a).toEqual({ model: 'own.gguf', download: { url: `${URL_}?download=true` } });
    expect(llama({ 'model-url': ['https://h/download?id=7'] }).services.a?.model).toBe(
      'Llama-3.2-1B-Instruct-Q4_K_M.gguf',
    );
  });

  it('is the same from a variable, which is one value', () => {
    expect(llama({ 'model-url': `a=${URL_}` }).services.a?.download).toEqual({ url: URL_ });
  });

  it('is each service’s own where both are deployed', () => {
    const urls = [URL_, 'b=https://h/b.gguf'];
    const sums = [`b=${'f'.repeat(64)}`];
    const asked = llama({ 'model-url': urls, 'model-sha256': sums, 'llama-threads': 4 }, [a, b]);
    expect(asked.llama).toEqual({ threads: 4 });
    expect(asked.services.a).toEqual({ model: 'Tiny-1B.gguf', download: { url: URL_ } });
    expect(asked.services.b).toEqual({
      model: 'b.gguf',
      download: { url: 'https://h/b.gguf', sha256: 'f'.repeat(64) },
    });
  });

  it.each([
    [{ 'model-url': undefined }, '--engine llamacpp needs the address of the model of service A'],
    [{ 'model-url': [`b=${URL_}`] }, 'needs the address of the model of service A'],
    [{ 'model-url': [URL_, 'https://h/o.gguf'] }, '--model-url is given twice for A'],
    [{ model: 'phi3:mini' }, '--model: "phi3:mini" is not the name of a GGUF file'],
    [{ 'model-a': 'x-00001-of-00003.gguf' }, '--model-a: "x-00001-of-00003.gguf" is one part of a model'],
    [{ 'model-url': ['https://h/$HOME.gguf'] }, '--model-url: the address has a quote, a $'],
  ])('is refused at the door: %o', (flags, message) => {
    const error = refusal(() => llama(flags));
    const { exit, nextSteps } = error;
    expect(exit).toBe(2);
    expect(error.message).toContain(message);
    expect(nextSteps).toHaveLength(1);
  });

  it('has one model with llama.cpp, and a step that wants another one is refused by its line', () => {
    const asking = (model: string) => ({
      pipeline: { path: '/p/chain.yaml', models: [{ model, step: 'embed', at: 'chain.yaml:8:12' }] },
    });
    expect(llama(asking('Tiny-1B.gguf')).services.a?.otherModels).toEqual(['Tiny-1B.gguf']);
    expect(askOnMachines([a], asking('nomic-embed-text')).services.a?.otherModels).toEqual(['nomic-embed-text']);
    const error = refusal(() => llama(asking('nomic-embed-text')));
    expect(error).toMatchObject({
      exit: 2,
      message:
        'chain.yaml:8:12: step "embed" wants the model nomic-embed-text, and llama.cpp has one model: Tiny-1B.gguf',
    });
    expect(error.nextSteps[0]).toContain('--engine ollama');
    // The file is A's: B has no steps.
    const both = ['a=https://h/nomic-embed-text.gguf', URL_];
    expect(llama({ 'model-url': both, ...asking('nomic-embed-text.gguf') }, [a, b]).services.b?.model).toBe(
      'Tiny-1B.gguf',
    );
  });

  it('takes no notice of what is set for the other engine', () => {
    const flags = { 'model-url': [URL_], 'llama-threads': 4, 'ollama-image': 'o:1' };
    expect(askOnMachines([a], flags)).toEqual({ services: { a: { model: 'tinyllama' } }, ollamaImage: 'o:1' });
    expect(llama(flags)).not.toHaveProperty('ollamaImage');
  });

  it('has to be a model that Ollama could have, and any for a server of the open API', () => {
    expect(refusal(() => askOnMachines([a], { 'model-a': 'a/b/c/d/e' })).message).toContain('--model-a: "a/b/c/d/e"');
    expect(askOnMachines([a], { engine: 'openai', 'model-a': 'a/b/c/d/e' }).services.a?.model).toBe('a/b/c/d/e');
    expect(askOnMachines([a], { engine: 'openai' }).services.a).toEqual({});
  });
});

describe('the note of a plan', () => {
  const text = (...args: Parameters<typeof engineNote>) => engineNote(...args).map((each) => each.text);

  it('names the engine, the model, and where it comes from', () => {
    expect(text(askOnMachines([b], {}))).toEqual(['engine of service B: Ollama with phi3:mini']);
    expect(text(llama())).toEqual(['engine of service A: llama.cpp with Tiny-1B.gguf, from models.example']);
  });

  it('says that it is another one than before, also where the record is of an earlier version', () => {
    expect(text(llama(), {})[0]).toMatch(/, in the place of Ollama$/);
    expect(text(askOnMachines([a], {}), { llama: {} })[0]).toMatch(/, in the place of llama\.cpp$/);
    expect(text(llama(), { llama: { threads: 2 } })[0]).not.toContain('in the place');
    expect(text(askOnMachines([a], {}), {})[0]).not.toContain('in the place');
  });
});
