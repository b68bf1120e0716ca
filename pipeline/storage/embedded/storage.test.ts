import { describeStorage } from '../contract-suite.ts'
import { temporarySubject } from './temporary-subject.ts'

describeStorage('embedded', () => temporarySubject())
