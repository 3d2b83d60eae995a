import { runService } from '../common/run-service.ts';
import { reportsSettings } from '../common/settings-report.ts';
import { createServiceB } from './service.ts';
import { readSettingsB } from './settings.ts';

if (!reportsSettings(readSettingsB)) await runService('service-b', createServiceB);
