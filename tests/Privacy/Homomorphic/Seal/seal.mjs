// Microsoft SEAL through node-seal, for SealInteropTests: what SEAL makes, and what it makes of ours. No compression, since ours has none.
//   node seal.mjs <path of node-seal's module> <N> <bits of q> <t> make  <folder>   keys, two ciphertexts of each form, and their sums
//   node seal.mjs <path of node-seal's module> <N> <bits of q> <t> check <folder>   decrypts our *.ct with our secret key; encrypts under our keys
// t must be a prime that is 1 modulo 2N: SEAL tries whether it could batch, and this build of it ends where SEAL catches its own exception.
// Plaintexts go in and out as SEAL's own bytes: 16 of header, parms_id (zero), count, scale, and an array.
import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [path, degreeText, bits, plain, verb, folder] = process.argv.slice(2);
const degree = Number(degreeText);
const modulus = BigInt(plain);
const seal = await createRequire(import.meta.url)(path)();
const none = seal.ComprModeType.none;

const parameters = seal.EncryptionParameters(seal.SchemeType.bfv);
parameters.setPolyModulusDegree(degree);
parameters.setCoeffModulus(seal.CoeffModulus.Create(degree, Int32Array.from([Number(bits)])));
parameters.setPlainModulus(seal.Modulus(modulus));
const context = seal.Context(parameters, true, seal.SecurityLevel.tc128);
if (!context.parametersSet()) throw new Error('SEAL refuses these parameters: ' + context.toHuman());

function plaintext(words) {
  const bytes = Buffer.alloc(16 + 32 + 8 + 8 + 16 + 8 + 8 * words.length);
  const header = (at, size) => {
    bytes.set([0x5e, 0xa1, 0x10, 4, 1, 0, 0, 0], at);
    bytes.writeBigUInt64LE(BigInt(size), at + 8);
  };
  header(0, bytes.length);
  bytes.writeBigUInt64LE(BigInt(words.length), 48);
  bytes.writeDoubleLE(1, 56);
  header(64, 24 + 8 * words.length);
  bytes.writeBigUInt64LE(BigInt(words.length), 80);
  words.forEach((word, i) => bytes.writeBigUInt64LE(word, 88 + 8 * i));
  const result = seal.PlainText();
  result.loadArray(context, bytes);
  return result;
}

// The words of the tests: multiplier × (i + 1) mod t.
const words = multiplier => Array.from({ length: degree }, (_, i) => (BigInt(multiplier) * BigInt(i + 1)) % modulus);
const save = (name, object) => writeFileSync(`${folder}/${name}`, object.saveArray(none));
const read = name => readFileSync(`${folder}/${name}`);

if (verb === 'make') {
  const generator = seal.KeyGenerator(context);
  const secret = generator.secretKey();
  const publicKey = generator.createPublicKey();
  save('seal.secret', secret);
  save('seal.public', publicKey);
  const encryptor = seal.Encryptor(context, publicKey, secret);
  save('seal.seeded.ct', encryptor.encryptSymmetricSerializable(plaintext(words(12345))));
  save('seal.full.ct', encryptor.encrypt(plaintext(words(777))));
  const sum = encryptor.encrypt(plaintext(words(12345)));
  seal.Evaluator(context).add(sum, encryptor.encryptSymmetric(plaintext(words(777))), sum);
  save('seal.sum.ct', sum);
} else {
  const secret = seal.SecretKey();
  secret.loadArray(context, read('ours.secret'));
  const publicKey = seal.PublicKey();
  publicKey.loadArray(context, read('ours.public'));
  const decryptor = seal.Decryptor(context, secret);
  for (const name of readdirSync(folder).filter(name => name.startsWith('ours.') && name.endsWith('.ct'))) {
    const ciphertext = seal.CipherText();
    ciphertext.loadArray(context, read(name));
    save(name.replace('.ct', '.plain'), decryptor.decrypt(ciphertext));
  }
  const encryptor = seal.Encryptor(context, publicKey, secret);
  save('reply.full.ct', encryptor.encrypt(plaintext(words(777))));
  save('reply.seeded.ct', encryptor.encryptSymmetricSerializable(plaintext(words(12345))));
}
