import { runService } from '../common/run-service.ts';
import { createServiceB } from './service.ts';

await runService('service-b', createServiceB);
