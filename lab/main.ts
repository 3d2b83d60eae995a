import { cacheFolder } from './cache.ts';
import { removeImages } from './images.ts';
import { startLab } from './lab.ts';
import { reap } from './session.ts';
import { startSimulatedB } from './simulated-b.ts';
import { labObstacle } from './support.ts';

/** `npm run lab`: starts a lab for a person and keeps it until Ctrl-C. */
const say = (text: string) => process.stdout.write(`${text}\n`);
const [option] = process.argv.slice(2);

const SEEN = [
  'aws ec2 describe-instances                          what there is, as another client sees it',
  'gcloud compute instances list',
];
const WITH_VMS = [
  'node bin/run.js deploy gcp                          B: a group of VMs behind a load balancer',
  'node bin/run.js deploy aws                          A: a VM that asks B; a second time: nothing to do',
  'node bin/run.js deploy all                          instead of the two: both side by side',
  'node bin/run.js smoke',
  'node bin/run.js load --rps 1,10 --duration 10s',
  'node bin/run.js scale-watch                         the group as it grows and shrinks, beside a load',
  'node bin/run.js status --refresh',
  'node bin/run.js logs a --requests',
  'node bin/run.js ssh a -- sudo docker ps',
  'node bin/run.js ssh a -- sudo reboot                it serves again by itself',
  'node bin/run.js teardown all',
  ...SEEN,
];
const API_ONLY = [
  'node bin/run.js doctor aws',
  'node bin/run.js deploy aws --b-url http://198.51.100.9 --dry-run',
  'node bin/run.js deploy gcp --dry-run                the plan and the price; without VMs, a deploy cannot end',
  ...SEEN,
];

if (option === '--clean') await clean();
else if (option === undefined || option === '--api-only') await keepLab(option === undefined);
else {
  say('usage: npm run lab [-- --clean | --api-only]');
  process.exitCode = 2;
}

async function clean(): Promise<void> {
  const alive = await reap();
  if (alive.length > 0) {
    say(`A lab is running (process ${alive.map(({ owner }) => owner.pid).join(', ')}): stop it with Ctrl-C first.`);
    process.exitCode = 1;
    return;
  }
  const folder = cacheFolder();
  await removeImages();
  say(`Removed ${folder}`);
}

async function keepLab(vms: boolean): Promise<void> {
  const obstacle = await labObstacle(vms);
  if (obstacle) {
    say(`The lab cannot run here: ${obstacle}`);
    process.exitCode = 1;
    return;
  }
  const stopped = signalled();
  say('Starting the lab (the first time it builds images for about a minute) ...');
  const lab = await startLab({ vms, gcp: true });
  // For the AWS side alone, without waiting for the other.
  const b = vms ? await startSimulatedB({ address: lab.gateway, addChild: lab.addChild }) : undefined;
  const { CHAINCTL_HOME: home, ...env } = lab.env;
  const exports = {
    ...env,
    CHAINCTL_HOME: home,
    CHAINCTL_OPERATOR_ADDRESS: `${vms ? lab.gateway : '203.0.113.7'}/32`,
  };
  say('\nTwo clouds on this machine. In another terminal, paste:\n');
  for (const [name, value] of Object.entries(exports)) say(`  export ${name}=${value}`);
  say(`\nthen try:\n\n${(vms ? WITH_VMS : API_ONLY).map((line) => `  ${line}`).join('\n')}`);
  if (b !== undefined) {
    say('\nThe AWS side alone, with a simulated B on this machine that asks for no token:\n');
    say(`  node bin/run.js deploy aws --b-url ${b.url} --auth none`);
  }
  if (vms)
    say("\nIn its Compute Engine a minute takes six seconds: cool-down, check intervals, the autoscaler's patience.");
  say('\nCtrl-C stops the lab and removes everything in it; the images stay (npm run lab -- --clean removes them).');
  const shown = setInterval(() => {
    for (const problem of [...lab.problems.splice(0), ...lab.gcp.problems.splice(0)]) say(`problem: ${problem}`);
  }, 1000);
  await stopped;
  clearInterval(shown);
  say('\nStopping ...');
  await b?.stop();
  await lab.stop();
}

/** Resolves at the first signal; the second one ends the process at once, and the next lab removes what is left. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}
