import { createServer } from 'node:net';

/** Why no server may listen on port 80 here, where the load balancers of the lab do; for tests that are then skipped. */
export const noPort80: string | undefined = await new Promise((resolve) => {
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'EACCES' ? 'port 80 needs root' : undefined),
  );
  server.listen(80, '127.159.255.253', () => server.close(() => resolve(undefined)));
});
