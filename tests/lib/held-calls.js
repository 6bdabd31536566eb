// REST calls whose answers wait for the test: what was under way together, in what order, and what
// an answer of the handler waited for, is then known without a clock.
import { deferred, Inbox } from './deadline.js';

/**
 * The script of a recorder holds each call back that `nameOf` gives a name; others are answered.
 * `nameOf(request)`: what the test calls it, or nothing.
 */
export class HeldCalls {
  constructor(recorder, nameOf) {
    this.arrived = new Inbox('a REST call of the handler');
    /** Names of calls that have arrived and are not answered. */
    this.open = [];
    recorder.forget();
    recorder.answerWith((request) => {
      const name = nameOf(request);
      return name === undefined ? null : this.#hold(name, request);
    });
  }

  #hold(name, request) {
    const given = deferred();
    const answer = { until: given.promise };
    const call = {
      name,
      request,
      /** Which were open when this one came. */
      beside: [...this.open],
      answer: (how = {}) => {
        this.open.splice(this.open.indexOf(name), 1);
        given.resolve(Object.assign(answer, { status: 200 }, how));
      },
    };
    this.open.push(name);
    this.arrived.push(call);
    return answer;
  }

  /** The call of that name, now or when it comes. */
  next(name) {
    return this.arrived.next((call) => call.name === name);
  }

  /** Those that came, in order: [name, names of those that were open then]. */
  get history() {
    return this.arrived.all.map(({ name, beside }) => [name, beside]);
  }
}
