import { runService } from '../common/run-service.ts';
import { createEngineSim } from './service.ts';
import { listenDefaults } from './settings.ts';

await runService('engine-sim', createEngineSim, listenDefaults(process.env.OLLAMA_HOST));
