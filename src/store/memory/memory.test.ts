import { storeSuite } from '../suite.ts'
import { openMemoryStore } from './open.ts'

storeSuite('memory', async () => openMemoryStore())
