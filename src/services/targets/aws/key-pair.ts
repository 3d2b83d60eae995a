import { createHash } from 'node:crypto';
import { type RemedyError, remedy } from '../../../errors.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import type { Ec2 } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import { type Ownership, objectName, readTags, STACK_TAG, stackFilters, tagsOf } from './tags.ts';

export const KEY_PAIR = 'ssh-key';

export interface KeyPairSpec {
  /** Fingerprint of the operator's public key, as `fingerprintOf` writes it. */
  readonly fingerprint: string;
}

export interface LiveKeyPair {
  readonly id: string;
  readonly name: string;
  readonly fingerprint: string;
}

/** SHA-256 of an OpenSSH public key (`ssh-ed25519 AAAA... comment`), base64 without padding: what `ssh-keygen -l` shows. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64');
  return createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
}

/**
 * The operator's public key as an EC2 key pair. Its private half was made on this machine and never leaves it.
 *
 * @param publicKey one line in OpenSSH format; asked for only when the key pair has to be made
 */
export function keyPair(ec2: Ec2, owner: Ownership, publicKey: () => string): Resource<KeyPairSpec, LiveKeyPair> {
  const name = objectName(owner.stack, KEY_PAIR);
  const describe = async (context: ResourceContext, by: { KeyNames: string[] } | { Filters: object[] }) => {
    const { KeyPairs = [] } = await ec2.call('DescribeKeyPairs', { ...by, IncludePublicKey: true }, context.signal);
    return KeyPairs.map((pair) => ({
      id: pair.KeyPairId ?? '',
      name: pair.KeyName ?? '',
      // The key itself where the API shows it: the fingerprint's form depends on how a key pair came to be.
      fingerprint:
        pair.PublicKey === undefined ? (pair.KeyFingerprint ?? '').replace(/=+$/, '') : fingerprintOf(pair.PublicKey),
      tags: readTags(pair.Tags),
    }));
  };
  const findAll = (context: ResourceContext) => describe(context, { Filters: stackFilters(owner.stack, KEY_PAIR) });
  const remove = async (context: ResourceContext, pairs: readonly LiveKeyPair[]) => {
    // By name, which is unique in a region.
    for (const pair of pairs) {
      await ec2.call('DeleteKeyPair', { KeyName: pair.name }, context.signal).catch(unless('InvalidKeyPair.NotFound'));
    }
  };
  return {
    key: KEY_PAIR,
    dependsOn: [],
    async find(context) {
      return (await findAll(context))[0];
    },
    diff: (spec, live) => (spec.fingerprint === live.fingerprint ? 'same' : 'replace'),
    async create(context, spec, token) {
      const make = () =>
        ec2.call(
          'ImportKeyPair',
          {
            KeyName: name,
            PublicKeyMaterial: Buffer.from(publicKey()),
            TagSpecifications: [{ ResourceType: 'key-pair', Tags: tagsOf(owner, KEY_PAIR, token) }],
          },
          context.signal,
        );
      const live = (made: { KeyPairId?: string | undefined }): LiveKeyPair => ({
        id: made.KeyPairId ?? '',
        name,
        fingerprint: spec.fingerprint,
      });
      try {
        return live(await make());
      } catch (error) {
        if (!isAws(error, 'InvalidKeyPair.Duplicate')) throw error;
      }
      // Ours from a call whose answer was lost, or somebody else's under our name.
      const [there] = await describe(context, { KeyNames: [name] });
      if (there !== undefined && there.tags.get(STACK_TAG) !== owner.stack) throw foreignName('key pair', name);
      if (there?.fingerprint === spec.fingerprint) return there;
      if (there !== undefined) await remove(context, [there]);
      return live(await make());
    },
    async ready() {},
    async remove(context) {
      await remove(context, await findAll(context));
    },
    identify: ({ id, name: pairName }) => ({ id, name: pairName }),
  };
}

/** The error for an object that has our name and not our tag: it is never touched. */
export function foreignName(kind: string, name: string): RemedyError {
  return remedy.configuration('aws-name-taken', `there is a ${kind} called ${name} that chainctl did not make`, [
    'rename or delete it by hand, or use another --stack',
  ]);
}
