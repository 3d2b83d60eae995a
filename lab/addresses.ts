/**
 * The public addresses that moto invents, and the lab's addresses that stand in their place, in both directions. Nothing
 * that a client sees leads out of the machine.
 */
export class Addresses {
  readonly #labOf = new Map<string, string>();
  readonly #motoOf = new Map<string, string>();

  add(moto: string, lab: string): void {
    this.#labOf.set(moto, lab);
    this.#motoOf.set(lab, moto);
  }

  labOf(moto: string): string | undefined {
    return this.#labOf.get(moto);
  }

  /** An answer with the lab's addresses; names that EC2 derives from an address become the address. */
  toClient(xml: string): string {
    let text = xml;
    for (const [moto, lab] of this.#labOf) {
      const dashed = moto.replaceAll('.', '-');
      text = text
        .replace(
          new RegExp(`(?:ec2|ip)-${dashed}\\.(?:[a-z0-9-]+\\.compute\\.amazonaws\\.com|ec2\\.internal)`, 'g'),
          lab,
        )
        .replace(whole(moto), lab);
    }
    return text;
  }

  /** A request with moto's addresses. */
  toMoto(body: string): string {
    let text = body;
    for (const [lab, moto] of this.#motoOf) text = text.replace(whole(lab), moto);
    return text;
  }
}

const whole = (address: string) => new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?![\\d.])`, 'g');
