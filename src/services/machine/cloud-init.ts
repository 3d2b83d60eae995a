import { isMap, isSeq, parseDocument } from 'yaml';

/** The files of `templates/boot` that go to a machine. */
export const BOOT_FILES = {
  cloudConfig: 'cloud-init.yaml',
  awaitCloudInit: 'await-cloud-init.sh',
  installDocker: 'install-docker.sh',
  deadline: 'deadline.sh',
  /** Arms it again at every boot; systemd's own `shutdown` schedule does not survive a reboot. */
  deadlineUnit: 'deadline.service',
  /** The startup script of VMs that nobody pushes anything to. */
  serve: 'serve.sh',
  /** Its part that brings the engine up with its model, for each engine. */
  serveOllama: 'serve-ollama.sh',
  serveLlamacpp: 'serve-llamacpp.sh',
  /** Runs it on an image that has it. */
  serveUnit: 'serve.service',
  /** Makes a VM's disk fit to be an image. */
  seal: 'seal.sh',
} as const;

export type BootTemplates = Readonly<Record<keyof typeof BOOT_FILES, string>>;

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
  const keys = { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey };
  document.set('ssh_keys', document.createNode(keys));
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
    const minutes = String(Math.ceil(ttlMinutes));
    const unit = templates.deadlineUnit.replace('{{minutes}}', minutes);
    addFile(DEADLINE, templates.deadline, '0755');
    addFile('/etc/systemd/system/chainctl-deadline.service', unit, '0644');
    // First of all: it must be armed even if everything after it fails. Not --now: that would wait for this very boot.
    commands.add(document.createNode('systemctl daemon-reload && systemctl enable chainctl-deadline.service'));
    commands.add(document.createNode([DEADLINE, minutes]));
  }
  // Its failure is not the end: chainctl looks, tries again over SSH, and shows why it fails.
  if (installDocker) commands.add(document.createNode([INSTALL]));
  const text = document.toString({ lineWidth: 0 });
  const size = Buffer.byteLength(text);
  if (size >= MAX_BYTES) throw new Error(`the user data is too large: ${size} of at most ${MAX_BYTES} bytes`);
  return text;
}
