import { runService } from '../common/run-service.ts';
import { isSqliteThread, runSqliteThread } from './history/sqlite-worker.ts';
import { createServiceA } from './service.ts';

// The one bundle is both programs: the service, and the thread that has the file of its history.
if (isSqliteThread) await runSqliteThread();
else await runService('service-a', createServiceA);
