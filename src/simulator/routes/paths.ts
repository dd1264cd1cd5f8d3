/** Where the REST API of a Oneprovider begins. */
export const oneprovider = '/api/v3/oneprovider'
/** Where the REST API of a Onezone begins. */
export const onezone = '/api/v3/onezone'
