import { describe, expect, test } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resolveConfiguration } from '../../server/configuration/configuration.ts'
import { atrium, temporaryFolder } from '../support/executable.ts'

/** The options of a file with these bytes. */
async function optionsFile() {
  const file = join(await temporaryFolder(), 'options')
  const read = async (content: string | Buffer) => {
    await writeFile(file, content)
    return resolveConfiguration({}, { config: file })
  }
  const refused = async (content: string | Buffer, message: string) => {
    await expect(read(content)).rejects.toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message }),
    )
  }
  return { file, read, refused }
}

describe('options file', () => {
  test('CFG-63: an options file may begin with a byte order mark, and have comments, quotes and `export`', async () => {
    const { read } = await optionsFile()
    const marked = await read('\ufeffATRIUM_PORT=4000\r\nATRIUM_DATA=/srv/d\r\n')
    expect([marked.port, marked.data]).toStrictEqual([4000, '/srv/d'])
    const lines = [
      '  # ours',
      'export ATRIUM_PORT = 4001 # a comment',
      `ATRIUM_DATA="/srv/a b#1" # another`,
      `ATRIUM_HOST='localhost'`,
      'ATRIUM_SIGNUP=',
      'ATRIUM_MONGO_PREFIX=a',
      'ATRIUM_MONGO_PREFIX=b',
    ]
    const { port, data, host, signup, mongoPrefix } = await read(lines.join('\n'))
    expect([port, data, host, signup, mongoPrefix]).toStrictEqual([
      4001,
      '/srv/a b#1',
      'localhost',
      'open',
      'b',
    ])
  })

  test('CFG-62: a line that is not an option is named, and does not include the next line', async () => {
    const { file, refused } = await optionsFile()
    for (const [line, flaw] of [
      ['see the wiki', 'is not NAME=value'],
      ['ATRIUM_PORT 4000', 'is not NAME=value'],
      ['ATRIUM_PORT: 4000', 'is not NAME=value'],
      ['set ATRIUM_PORT=4000', 'is not NAME=value'],
      ['=4000', 'is not NAME=value'],
      ['atrium_port=4000', 'names atrium_port, which is not an option of atrium'],
      ['ATRIUM_SERVICE_HOST=a', 'names ATRIUM_SERVICE_HOST, which is not an option of atrium'],
      ['PORT=4000', 'names no option of atrium'],
      [`ATRIUM_CONFIG=${file}`, 'names ATRIUM_CONFIG, which no file may'],
      ['ATRIUM_DATA="/srv/d', 'has a quote that is not closed'],
      ["ATRIUM_DATA='/srv/d", 'has a quote that is not closed'],
      ['ATRIUM_DATA="/srv/d" trailing', 'goes on after its closing quote'],
      ['ATRIUM_DATA=/srv/#1', 'has a # that needs quotes'],
    ] as const) {
      const complaint = `ATRIUM_CONFIG: ${file}: line 2 ${flaw}`
      await refused(`# ours\n${line}\nATRIUM_DATA=/srv/d\n`, complaint)
      const port = 'ATRIUM_PORT: "x" is not allowed; allowed is a whole number from 0 to 65535'
      await refused(`# ours\n${line}\nATRIUM_PORT=x\n`, `${complaint}\n${port}`)
    }
    await refused(
      'ATRIUM_PORT=tcp://10.96.0.7:3333',
      'ATRIUM_PORT: "tcp://10.96.0.7:3333" is not allowed; allowed is a whole number from 0 to 65535',
    )
  })

  test('CFG-62: an invalid options file ends a command with exit code 2, and none of its values is printed', async () => {
    const { file, refused } = await optionsFile()
    const utf16 = Buffer.from('\ufeffATRIUM_PORT=4000\n', 'utf16le')
    await refused(utf16, `ATRIUM_CONFIG: ${file} cannot be read: it is not UTF-8`)
    const unmarked = Buffer.from('ATRIUM_PORT=4000', 'utf16le')
    await refused(unmarked, `ATRIUM_CONFIG: ${file}: line 1 is not NAME=value`)
    await writeFile(file, 'ATRIUM_SECRET: hidden\nATRIUM_SECRET="hidden\nhidden==\n')
    const complaints = [
      '1 is not NAME=value',
      '2 has a quote that is not closed',
      '3 names no option of atrium',
    ]
    const stderr = complaints.map((complaint) => `ATRIUM_CONFIG: ${file}: line ${complaint}\n`).join('')
    expect(await atrium(['config', '--config', file])).toStrictEqual({ code: 2, stdout: '', stderr })
  })
})
