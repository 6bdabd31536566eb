// Who may call a function: the levels of authorization and the keys that each of them takes.

/**
 * @param {object} keys none at all: everybody may do everything, as under `func start`
 * @param {string} [keys.key] the host's key, for all functions
 * @param {string} [keys.masterKey]
 * @param {Record<string, string>} [keys.functionKeys] by the name of the function
 */
export function makeKeys({ key, masterKey, functionKeys = {} }) {
  const isOpen = !key && !masterKey && Object.keys(functionKeys).length === 0;
  const isOneOf = (given, ...right) => isOpen || (given !== undefined && right.includes(given));
  return {
    mayCall(request, { name, authLevel }) {
      if (authLevel === 'anonymous') return true;
      const own = authLevel === 'function' ? [key, functionKeys[name]] : [];
      return isOneOf(givenKey(request), masterKey, ...own);
    },
    mayAdminister: (request) => isOneOf(givenKey(request), masterKey),
  };
}

/** The header counts before the query, in which the first `code` of any spelling counts. */
function givenKey({ headers, url }) {
  if (headers['x-functions-key'] !== undefined) return headers['x-functions-key'];
  const { searchParams } = new URL(`http://localhost${url}`);
  return [...searchParams].find(([name]) => name.toLowerCase() === 'code')?.[1];
}
