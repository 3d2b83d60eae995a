import { runService } from '../common/run-service.ts';
import { reportsSettings } from '../common/settings-report.ts';
import { isSqliteThread, runSqliteThread } from './history/sqlite-worker.ts';
import { createServiceA } from './service.ts';
import { readSettingsA } from './settings.ts';

// The one bundle is both programs: the service, and the thread that has the file of its history.
if (isSqliteThread) await runSqliteThread();
else if (!reportsSettings(readSettingsA)) await runService('service-a', createServiceA);
