/** Why a line of an import is not taken. The message holds no personal data. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    /** FHIRPath of the element at fault, e.g. `Patient.name[0].family`; undefined where it is the line as a whole. */
    readonly expression: string | undefined,
    reason: string,
  ) {
    super(reason);
  }
}
