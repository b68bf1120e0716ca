import { brand } from '../../model/brand.ts'
import { Command, InvalidArgumentError } from 'commander'
import type { Connection } from '../../client/connection/connection.ts'
import { systemClock } from '../../model/clock.ts'
import type { Class, ClassId, Doc, Ref, Space } from '../../model/documents.ts'
import { generateId } from '../../model/generate-id.ts'
import { core } from '../../model/identifiers.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type {
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxRemoveDoc,
  TxUpdateDoc,
  UpdateOperations,
} from '../../model/transactions.ts'
import { jsonObject, wholeNumber } from './arguments.ts'
import { connected, type ConnectedOptions, withConnection } from './connected.ts'

/** `atrium find|create|update|remove`: documents of a workspace, over a connection to the server. */
export function documentCommands(): Command[] {
  return [findCommand(), createCommand(), updateCommand(), removeCommand()]
}

function findCommand(): Command {
  return withConnection(new Command('find').description('Print documents, one JSON line each.'))
    .argument('<workspace>')
    .argument('<class>')
    .argument('[query]', 'JSON', jsonObject, {})
    .option('--limit <count>', 'maximum number of documents', wholeNumber, 100)
    .option('--sort <json>', 'such as {"rank":1}', jsonObject)
    .action(
      async (
        workspace: string,
        _class: Ref<Class>,
        query: DocumentQuery,
        options: ConnectedOptions & FindFlags,
      ) => {
        const { limit, sort } = options
        const find: FindOptions = sort === undefined ? { limit } : { limit, sort }
        await connected(workspace, options, async (connection) => {
          const found = await connection.findAll(_class, query, { ...find, total: true })
          for (const doc of found) print(doc)
          const more = found.total - found.length
          if (more > 0) process.stderr.write(`${more} more: --limit prints more than ${limit}\n`)
        })
      },
    )
}

interface FindFlags {
  limit: number
  sort?: NonNullable<FindOptions['sort']>
}

function createCommand(): Command {
  return withConnection(new Command('create').description('Create a document and print its id.'))
    .argument('<workspace>')
    .argument('<class>')
    .argument('<attributes>', 'JSON', jsonObject)
    .option('--space <space>', 'space of the document', core.space.Space)
    .option('--parent <class,id>', 'class and id of the parent to attach it to', parentOf)
    .option('--collection <name>', 'collection of the parent')
    .action(
      async (
        workspace: string,
        _class: Ref<Class>,
        attributes: Record<string, unknown>,
        options: ConnectedOptions & CreateFlags,
      ) => {
        await connected(workspace, options, async (connection) => {
          const fields = await changeFields(connection, _class, generateId(), brand<Space>(options.space))
          const tx: TxCreateDoc = {
            ...fields,
            _class: core.class.TxCreateDoc,
            attributes,
          }
          const { parent, collection } = options
          await connection.tx(parent === undefined ? tx : attached(tx, parent, collection))
          process.stdout.write(`${tx.objectId}\n`)
        })
      },
    )
}

interface CreateFlags {
  space: string
  parent?: Parent
  collection?: string
}

interface Parent {
  objectClass: Ref<Class>
  objectId: Ref
}

function parentOf(text: string): Parent {
  const [objectClass, objectId, ...others] = text.split(',')
  if (!objectClass || !objectId || others.length > 0) throw new InvalidArgumentError('class,id is expected.')
  return { objectClass: brand<Class>(objectClass), objectId: brand(objectId) }
}

function attached(tx: TxCreateDoc, parent: Parent, collection: string | undefined): TxCollectionCUD {
  if (collection === undefined) throw new Error('--parent needs --collection')
  const { attributes: _, ...fields } = tx
  const ids = { ...parent, _id: generateId<TxCollectionCUD>() }
  return { ...fields, ...ids, _class: core.class.TxCollectionCUD, collection, tx }
}

function updateCommand(): Command {
  return withConnection(new Command('update').description('Change a document.'))
    .argument('<workspace>')
    .argument('<class>')
    .argument('<id>')
    .argument('<operations>', 'JSON: fields, and operators such as {"$inc":{"count":1}}', jsonObject)
    .action(
      async (
        workspace: string,
        _class: Ref<Class>,
        id: Ref,
        operations: UpdateOperations,
        options: ConnectedOptions,
      ) => {
        await connected(workspace, options, async (connection) => {
          const fields = await existing(connection, _class, id)
          const tx: TxUpdateDoc = {
            ...fields,
            _class: core.class.TxUpdateDoc,
            operations,
            retrieve: true,
          }
          print((await connection.tx<{ object: Doc }>(tx)).object)
        })
      },
    )
}

function removeCommand(): Command {
  return withConnection(
    new Command('remove').description('Remove a document and the documents attached to it.'),
  )
    .argument('<workspace>')
    .argument('<class>')
    .argument('<id>')
    .action(async (workspace: string, _class: Ref<Class>, id: Ref, options: ConnectedOptions) => {
      await connected(workspace, options, async (connection) => {
        const fields = await existing(connection, _class, id)
        const tx: TxRemoveDoc = { ...fields, _class: core.class.TxRemoveDoc }
        await connection.tx(tx)
      })
    })
}

async function existing(connection: Connection, _class: Ref<Class>, id: Ref): Promise<Omit<TxCUD, '_class'>> {
  const [doc] = await connection.findAll(_class, { _id: id })
  if (doc === undefined) throw new StatusError('core:status:ObjectNotFound', { _id: id })
  return await changeFields(connection, doc._class, id, doc.space)
}

async function changeFields(
  connection: Connection,
  objectClass: ClassId,
  objectId: Ref,
  objectSpace: Ref<Space>,
) {
  const { _id: account } = await connection.getAccount()
  return {
    _id: generateId(),
    space: core.space.Tx,
    objectId,
    objectClass,
    objectSpace,
    modifiedBy: account as TxCUD['modifiedBy'],
    modifiedOn: systemClock.now(),
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
