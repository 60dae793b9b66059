// Counts and sizes for people. Values of rows never come here: they are text and stay text.

/** A count with thin spaces between thousands; a dash where there is none. */
export function count(value) {
  if (value === null || value === undefined) return "–";
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** "1 row", "2 rows". */
export function many(value, one, several = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : several}`;
}

/** Bytes in binary units. */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let power = 0;
  let left = value;
  while (left >= 1024 && power < units.length - 1) {
    left /= 1024;
    power += 1;
  }
  return `${power && left < 100 ? left.toFixed(1) : Math.round(left)} ${units[power]}`;
}

/** A rate per second. */
export function rate(value) {
  if (value === null || value === undefined) return "–";
  return value < 10 ? value.toFixed(1) : count(Math.round(value));
}
