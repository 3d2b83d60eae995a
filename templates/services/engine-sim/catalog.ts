import type { ServerResponse } from 'node:http';
import { EngineError, sendJson, startLines } from './http.ts';
import { fullName, type Model, type ModelStore } from './models.ts';

type Body = Record<string, unknown>;

/** `GET /api/tags`. */
export function listModels(models: ModelStore): Body {
  return { models: models.list().map((model) => ({ ...listing(model), modified_at: model.modifiedAt })) };
}

/** `GET /api/ps`. A model that is kept for ever expires in the year 2318, as in Ollama. */
export function listRunning(models: ModelStore): Body {
  return {
    models: models.running().map(({ model, expiresAt }) => ({
      ...listing(model),
      expires_at: new Date(Number.isFinite(expiresAt) ? expiresAt : 11_000_000_000_000).toISOString(),
      size_vram: 0,
    })),
  };
}

/** `POST /api/show`. */
export function showModel(model: Model): Body {
  return {
    modelfile: `# simulated by chainctl\nFROM ${model.name}\n`,
    parameters: '',
    template: '{{ .Prompt }}',
    details: model.details,
    model_info: { 'general.architecture': model.details.family, 'general.name': model.name },
    capabilities: ['completion'],
    modified_at: model.modifiedAt,
    simulated: true,
  };
}

/** `POST /api/pull`: progress in steps over the configured time, then the model is there. */
export function pullModel(models: ModelStore, body: Body, pullMs: number, outgoing: ServerResponse): void {
  const name = body.model ?? body.name;
  if (typeof name !== 'string' || name === '') throw new EngineError(400, 'invalid model name');
  const finish = () => models.add(name);
  if (body.stream === false) {
    const timer = setTimeout(() => {
      finish();
      sendJson(outgoing, 200, { status: 'success' });
    }, pullMs);
    outgoing.once('close', () => clearTimeout(timer));
    return;
  }
  const writeLine = startLines(outgoing);
  // Described but not yet there.
  const [digest, total] = downloadOf(name);
  writeLine({ status: 'pulling manifest' });
  const steps = 10;
  let step = 0;
  const next = () => {
    step++;
    const completed = Math.round((total * step) / steps);
    writeLine({ status: `pulling ${digest.slice(0, 12)}`, digest: `sha256:${digest}`, total, completed });
    if (step < steps) {
      timer = setTimeout(next, pullMs / steps);
      return;
    }
    finish();
    for (const status of ['verifying sha256 digest', 'writing manifest', 'success']) writeLine({ status });
    outgoing.end();
  };
  let timer = setTimeout(next, pullMs / steps);
  outgoing.once('close', () => clearTimeout(timer));
}

function downloadOf(name: string): [digest: string, total: number] {
  const size = fullName(name).startsWith('phi3') ? 2_176_178_913 : 637_700_138;
  return [Buffer.from(fullName(name)).toString('hex').padEnd(64, '0').slice(0, 64), size];
}

function listing({ name, size, digest, details }: Model): Body {
  return { name, model: name, size, digest, details };
}
