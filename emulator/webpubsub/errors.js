// The errors of the REST interface, in the two forms that the service was recorded to give them:
// its own, and that of ASP.NET for a parameter that does not fit its model.

export const BAD_REQUEST = 'Error.BadRequest';

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
const VALIDATION = 'One or more validation errors occurred.';

/** A response other than success, in the service's own form. */
export class ApiError extends Error {
  hasVersions = true; // an operation that has begun tells the versions, whatever comes of it

  constructor(status, code, message, target = null, headers = {}) {
    super(message);
    Object.assign(this, { status, code, target, headers });
  }

  /** @returns {{json: object, type: string}} */
  body() {
    const { code, message, target } = this;
    return { json: { code, message, target, details: null, inner: null }, type: JSON_TYPE };
  }
}

/** A parameter, or a property of the body, that does not fit: found before the operation begins. */
export class InvalidParameter extends ApiError {
  hasVersions = false;

  /** @param {{type?: string}} [more] the content type, which is not the same for all parameters */
  constructor(target, message, { type = PROBLEM_TYPE } = {}) {
    super(400, BAD_REQUEST, message, target);
    this.type = type;
  }

  body() {
    const { code, message, target, status, type } = this;
    const errors = { [target]: [message] };
    const problem = { type: null, title: VALIDATION, status, detail: null, instance: null };
    return { json: { code, message, target, errors, ...problem, extensions: {} }, type };
  }
}

/** A clientType that is none: this one alone is told as plain JSON. */
export const invalidClientType = (value) =>
  new InvalidParameter('clientType', `The value '${value}' is not valid.`, { type: JSON_TYPE });

export const INVALID_GROUP =
  'Invalid group name. Valid group name should be in between 1 and 1024 characters long.';

/** A request that the operation itself finds wrong. */
export const badRequest = (message, target = 'Request') =>
  new ApiError(400, BAD_REQUEST, message, target);

/**
 * What is named is not there.
 * @param {'Error' | 'Warning' | 'Info'} level how much the operation minds
 * @param {'Connection' | 'Group' | 'User'} kind
 */
export const notExisted = (level, kind, name) =>
  new ApiError(404, `${level}.${kind}.NotExisted`, `${kind} \`${name}\` is not found.`, kind);
