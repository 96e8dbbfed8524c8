// Waiting for what happens, instead of sleeping: everything has a deadline, and says what it waited for.

/** How long anything may take before a test gives up. Generous: it is only ever waited out by a failure. */
export const DEADLINE_MS = Number(process.env.HALLWAY_TEST_DEADLINE_MS ?? 20_000);

/** The value of `promise`, or an error that says what did not happen in time. */
export function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Asks `question` again and again until its answer is truthy. Only for what gives no event. */
export async function eventually(question, what, ms = DEADLINE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Everything that came, in order; tests wait for what is still to come. */
export class Record {
  all = [];
  #waiting = new Set();

  push(item) {
    this.all.push(item);
    for (const waiting of [...this.#waiting]) waiting();
  }

  /** How much has come: where to look from, to see only what comes later. */
  get mark() {
    return this.all.length;
  }

  /** The first item after `from` that fits, as soon as it is there. */
  first(fits, what, { from = 0, ms = DEADLINE_MS } = {}) {
    let look;
    const found = new Promise((resolve) => {
      look = () => {
        const item = this.all.slice(from).find(fits);
        if (item !== undefined) resolve(item);
      };
      this.#waiting.add(look);
      look();
    });
    return within(found, what, ms)
      .catch((error) => {
        const seen = JSON.stringify(this.all.slice(from)).slice(0, 4000);
        throw new Error(`${error.message}; seen: ${seen}`);
      })
      .finally(() => this.#waiting.delete(look));
  }
}
