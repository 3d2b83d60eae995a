import { describe } from 'vitest';
import { proveClients } from './cases.ts';
import { NO_PYTHON, PYTHON, PYTHON_CLIENTS, pythonClient } from './python-clients.ts';

describe.skipIf(PYTHON === undefined)(
  `clients of PyPI${PYTHON === undefined ? ` (not here: ${NO_PYTHON})` : ''}`,
  () => {
    proveClients(
      () => PYTHON_CLIENTS.map((name) => [pythonClient(name, PYTHON as string), { generations: 1 }]),
      PYTHON_CLIENTS.map((name) => `${name} (Python)`),
    );
  },
);
