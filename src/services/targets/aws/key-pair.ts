import { createHash } from 'node:crypto';
import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import type { Ec2 } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import { foreignName, objectName, readTags, STACK_TAG, stackFilters, tagSpecifications } from './tags.ts';

export const KEY_PAIR = 'ssh-key';

export interface KeyPairSpec {
  /** Fingerprint of the operator's public key, as `fingerprintOf` writes it. */
  readonly fingerprint: string;
}

export interface LiveKeyPair extends KeyPairSpec {
  readonly id: string;
  readonly name: string;
}

/** SHA-256 of an OpenSSH public key (`ssh-ed25519 AAAA... comment`), base64 without padding: what `ssh-keygen -l` shows. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64');
  return createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
}

/**
 * The operator's public key as an EC2 key pair. Its private half was made on this machine and never leaves it.
 *
 * @param publicKey one line in OpenSSH format
 */
export function keyPair(ec2: Ec2, owner: Ownership, publicKey: string): Resource<KeyPairSpec, LiveKeyPair> {
  const ownName = objectName(owner.stack, KEY_PAIR);
  const describe = async (by: { KeyNames: string[] } | { Filters: object[] }, { signal }: ResourceContext) => {
    const { KeyPairs = [] } = await ec2.call('DescribeKeyPairs', { ...by, IncludePublicKey: true }, signal);
    return KeyPairs.map(({ KeyPairId: id = '', KeyName: name = '', PublicKey, KeyFingerprint = '', Tags }) => {
      // The key itself where the API shows it: the fingerprint's form depends on how a key pair came to be.
      const fingerprint = PublicKey === undefined ? KeyFingerprint.replace(/=+$/, '') : fingerprintOf(PublicKey);
      return { id, name, fingerprint, tags: readTags(Tags) };
    });
  };
  const findAll = (context: ResourceContext) => describe({ Filters: stackFilters(owner.stack, KEY_PAIR) }, context);
  // By name, which is unique in a region.
  const remove = ({ name: KeyName }: LiveKeyPair, { signal }: ResourceContext) =>
    ec2.call('DeleteKeyPair', { KeyName }, signal).catch(unless('InvalidKeyPair.NotFound'));

  return {
    key: KEY_PAIR,
    dependsOn: [],
    find: async (context) => (await findAll(context))[0],
    diff: (spec, live) => (spec.fingerprint === live.fingerprint ? 'same' : 'replace'),
    async create(context, { fingerprint }, token) {
      const make = async () => {
        const input = {
          KeyName: ownName,
          PublicKeyMaterial: Buffer.from(publicKey),
          TagSpecifications: tagSpecifications(['key-pair'], owner, KEY_PAIR, token),
        };
        const { KeyPairId: id = '' } = await ec2.call('ImportKeyPair', input, context.signal);
        return { id, name: ownName, fingerprint };
      };
      try {
        return await make();
      } catch (error) {
        if (!isAws(error, 'InvalidKeyPair.Duplicate')) throw error;
      }
      // Ours from a call whose answer was lost, or somebody else's under our name.
      const [there] = await describe({ KeyNames: [ownName] }, context);
      if (there !== undefined && there.tags.get(STACK_TAG) !== owner.stack) throw foreignName('key pair', ownName);
      if (there?.fingerprint === fingerprint) return there;
      if (there !== undefined) await remove(there, context);
      return make();
    },
    async ready() {},
    async remove(context) {
      for (const pair of await findAll(context)) await remove(pair, context);
    },
    identify: ({ id, name }) => ({ id, name }),
  };
}
