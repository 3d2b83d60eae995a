/** What an engine did wrong in an answer that had begun: a sentence that follows `<who> error: `. */
export class EngineFault extends Error {}
