import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import type { StepModel } from '../services/pipelines/pipeline.ts';
import { readPipelineFiles } from '../services/workloads/pipeline-files.ts';

/** A pipeline that was found sound, and what the engine has to have for it. */
export interface GivenPipeline {
  readonly path: string;
  readonly models: readonly StepModel[];
}

/** Whatever is wrong with it is said before anything is planned. */
export const pipelineFlag = Flags.custom<GivenPipeline>({
  helpValue: 'FILE',
  async parse(text) {
    const { models } = readPipelineFiles(text, process.env);
    return { path: resolve(text), models };
  },
});
