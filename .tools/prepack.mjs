// Before `npm pack` and `npm publish`: a tarball without a build would install and not run.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
