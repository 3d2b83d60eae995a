import { isMap, isSeq, parseDocument } from 'yaml';

export interface BootTemplates {
  /** `templates/boot/cloud-init.yaml` */
  readonly cloudConfig: string;
  /** `templates/boot/install-docker.sh` */
  readonly installDocker: string;
  /** `templates/boot/deadline.sh` */
  readonly deadline: string;
  /** `templates/boot/serve.sh`, the startup script of VMs that nobody pushes anything to. */
  readonly serve: string;
  /** `templates/boot/serve.service`, which runs it on an image that has it. */
  readonly serveUnit: string;
  /** `templates/boot/seal.sh`, which makes a VM's disk fit to be an image. */
  readonly seal: string;
}

export interface CloudInitOptions {
  readonly templates: BootTemplates;
  /** The machine's own key, made here so that it can be pinned. OpenSSH formats. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
  /** The operator's public key, for the image's default user. */
  readonly authorizedKey: string;
  /** Dead man's switch: the machine powers itself off this long after its first boot. */
  readonly ttlMinutes?: number | undefined;
  /** Whether the first boot installs Docker; false where something else does, or it is there. */
  readonly installDocker?: boolean;
  /** More files; no secrets. */
  readonly files?: readonly { readonly path: string; readonly content: string; readonly append?: boolean }[];
}

/** What EC2 takes as user data, bytes. */
const MAX_BYTES = 16 * 1024;

const DEADLINE = '/usr/local/sbin/chainctl-deadline';
const INSTALL = '/usr/local/sbin/chainctl-install-docker';

/**
 * The user data of a VM. Values go in as YAML nodes, never by pasting text.
 *
 * @returns `#cloud-config` text of less than 16 KiB
 */
export function cloudInit(options: CloudInitOptions): string {
  const { templates, hostKey, authorizedKey, ttlMinutes, installDocker = true } = options;
  const document = parseDocument(templates.cloudConfig);
  document.set(
    'ssh_keys',
    document.createNode({ ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey }),
  );
  document.set('ssh_authorized_keys', document.createNode([authorizedKey]));
  const files = document.get('write_files');
  const commands = document.get('runcmd');
  if (!isSeq(files) || !isSeq(commands) || !isMap(document.contents))
    throw new Error('the cloud-init template is not whole');
  commands.flow = false;
  const addFile = (path: string, content: string, permissions: string) =>
    files.add(document.createNode({ path, permissions, content }));
  for (const file of options.files ?? []) files.add(document.createNode({ permissions: '0644', ...file }));
  if (installDocker) addFile(INSTALL, templates.installDocker, '0755');
  if (ttlMinutes !== undefined) {
    addFile(DEADLINE, templates.deadline, '0755');
    addFile('/etc/systemd/system/chainctl-deadline.service', deadlineUnit(Math.ceil(ttlMinutes)), '0644');
    // First of all: it must be armed even if everything after it fails. Not --now: that would wait for this very boot.
    commands.add(document.createNode('systemctl daemon-reload && systemctl enable chainctl-deadline.service'));
    commands.add(document.createNode([DEADLINE, String(Math.ceil(ttlMinutes))]));
  }
  // Its failure is not the end: chainctl looks, tries again over SSH, and shows why it fails.
  if (installDocker) commands.add(document.createNode([INSTALL]));
  const text = document.toString({ lineWidth: 0 });
  const size = Buffer.byteLength(text);
  if (size >= MAX_BYTES) throw new Error(`the user data is too large: ${size} of at most ${MAX_BYTES} bytes`);
  return text;
}

/** Armed again at every boot; systemd's own `shutdown` schedule does not survive a reboot. */
function deadlineUnit(minutes: number): string {
  return `[Unit]
Description=chainctl: power off when the time to live is over
After=dbus.service systemd-logind.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${DEADLINE} ${minutes}

[Install]
WantedBy=multi-user.target
`;
}
