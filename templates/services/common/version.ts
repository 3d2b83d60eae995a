/** Reported by `/health`. A unit test holds it to package.json, which the bundles do not carry. */
export const VERSION = '0.1.0';
