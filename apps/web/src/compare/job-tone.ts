/** Colour of a job in every chart, by its place; they come again after the eighth. */
export const jobTone = (place: number): `job-${number}` => `job-${(place % 8) + 1}`;
