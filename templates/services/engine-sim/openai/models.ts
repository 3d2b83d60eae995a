import { longModelName, modelNameParts, parseModelName } from '../../../../src/services/chain/model-name.ts';
import { notFound } from '../catalog.ts';
import { EngineError } from '../engine-error.ts';
import type { Model, ModelStore } from '../models.ts';

/** `GET /v1/models`. */
export function listOpenAiModels(models: ModelStore): unknown {
  const listed = models.list();
  // As Go writes a list to which nothing was added.
  const data = listed.length === 0 ? null : listed.map((model) => entry(model.name, model));
  return { object: 'list', data };
}

/** `GET /v1/models/{id}`: under the name that was asked for. */
export function openAiModel(models: ModelStore, asked: string): unknown {
  const name = parseModelName(asked);
  if (!name) throw new EngineError(500, `unqualified name: ${longModelName(modelNameParts(asked))}`);
  const model = models.get(name);
  if (!model) throw new EngineError(404, notFound(asked));
  return entry(asked, model);
}

function entry(id: string, { modifiedAt }: Model): unknown {
  const created = Math.floor(Date.parse(modifiedAt) / 1000);
  return { id, object: 'model', created, owned_by: modelNameParts(id).namespace };
}
