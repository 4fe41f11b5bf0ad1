/** A busy loop at normal priority. Argument: for so many ms. */
const end = performance.now() + Number(process.argv[2]);
while (performance.now() < end);
