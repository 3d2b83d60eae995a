/**
 * Work on a value that is let go of once the work has begun. A conversation may be large and its answer long: a function
 * that waits keeps its parameters, and a closure what it captures, until the answer has ended.
 *
 * @param value for one call, the only one
 * @param work must not wait, nor leave a closure behind that holds the value
 */
export function handOver<Value, Rest extends unknown[], Result>(
  value: Value,
  work: (value: Value, ...rest: Rest) => Result,
): (...rest: Rest) => Result {
  const held: Value[] = [value];
  return (...rest) => {
    if (held.length === 0) throw new Error('what is handed over can be taken once');
    return work(held.pop() as Value, ...rest);
  };
}
