/** The database keeps no order of fields: what a reader looks for comes first. */
export const inOrder = ({ kind, name, ...others }: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  kind,
  name,
  ...others,
});
