import { runService } from '../common/run-service.ts';
import { createServiceA } from './service.ts';

await runService('service-a', createServiceA);
