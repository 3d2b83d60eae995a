import type { Ask, RequestForm } from './ask.ts';
import { fillTemplate } from './body-template.ts';
import { protocolNamed } from './protocols.ts';

/** The body of a request: by the template of the load where it has one, else as its protocol writes it. */
export function writeBody(ask: Ask, form: RequestForm): string {
  return form.template === undefined ? protocolNamed(form.api).body(ask, form) : fillTemplate(form.template, ask, form);
}
