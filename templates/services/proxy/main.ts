import { runService } from '../common/run-service.ts';
import { createProxy } from './service.ts';

await runService('proxy', createProxy);
