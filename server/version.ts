/** The server's version; a test holds it against package.json. */
export const SERVER_VERSION = '0.1.0'
