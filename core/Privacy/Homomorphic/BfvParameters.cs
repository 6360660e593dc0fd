using System.Buffers.Binary;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The ring of an additive BFV scheme (Fan and Vercauteren 2012; Brakerski 2012): polynomials modulo X^N + 1, ciphertexts modulo q, sums modulo t, at 128 bits of security with
/// ternary secrets. Values go straight into coefficients (no batching), so that t need not be a prime. Checked and immutable; making one takes milliseconds, keep it.
/// </summary>
public sealed class BfvParameters
{
    private const int MaximumModulusBits = 60;
    private const int LeastModulusBits = 20;

    // floor(q/t) modulo each prime, q modulo t with its quotient over t, and per prime the inverse of q's other primes.
    private readonly ulong[] _scale;
    private readonly ulong[] _scaleQuotient;
    private readonly ulong _rest;
    private readonly ulong _restQuotient;
    private readonly ulong[] _cofactor;
    private readonly ulong[] _cofactorQuotient;
    private readonly byte[] _id;

    private BfvParameters(int degree, ulong plaintextModulus, PrimeModulus[] primes)
    {
        (Degree, PlaintextModulus) = (degree, plaintextModulus);
        Transforms = Array.ConvertAll(primes, prime => new NumberTheoreticTransform(degree, prime));
        Modulus = primes.Aggregate(BigInteger.One, (product, prime) => product * prime.Value);

        var scale = Modulus / plaintextModulus;
        _scale = Array.ConvertAll(primes, prime => (ulong)(scale % prime.Value));
        _scaleQuotient = [.. primes.Zip(_scale, (prime, word) => prime.Fraction(word))];
        _rest = (ulong)(Modulus % plaintextModulus);
        _restQuotient = (ulong)(((UInt128)_rest << 64) / plaintextModulus);
        _cofactor = Array.ConvertAll(primes, prime => prime.Invert((ulong)(Modulus / prime.Value % prime.Value)));
        _cofactorQuotient = [.. primes.Zip(_cofactor, (prime, word) => prime.Fraction(word))];

        // SEAL's parms_id: BLAKE2b-256 of the words [scheme, N, q..., t]; BFV is scheme 1.
        ulong[] words = [1, (ulong)degree, .. primes.Select(prime => prime.Value), plaintextModulus];
        var bytes = new byte[sizeof(ulong) * words.Length];
        for (var i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(sizeof(ulong) * i), words[i]);
        _id = Blake2b.Hash(bytes, 32);
    }

    /// <summary>N: the coefficients of a polynomial.</summary>
    public int Degree { get; }

    /// <summary>t: sums are modulo it.</summary>
    public ulong PlaintextModulus { get; }

    /// <summary>q: the product of the primes.</summary>
    public BigInteger Modulus { get; }

    /// <summary>The primes of q.</summary>
    public IReadOnlyList<ulong> Primes => Array.ConvertAll(Transforms, transform => transform.Modulus.Value);

    /// <summary>What names these parameters in SEAL's bytes and in ours (SEAL's parms_id), 32 bytes.</summary>
    public ReadOnlySpan<byte> Id => _id;

    internal NumberTheoreticTransform[] Transforms { get; }

    /// <summary>Words of a polynomial: N residues for each prime, one prime after the other.</summary>
    internal int PolynomialWords => Degree * Transforms.Length;

    /// <summary>Checked parameters with the largest primes of the given widths, as SEAL's CoeffModulus.Create chooses them.</summary>
    /// <param name="degree">N: 1024, 2048, 4096 or 8192.</param>
    /// <param name="plaintextModulus">t, from 2 to 2^48 and below q/4. SEAL's bytes are read and written with any; powers of two are what masks are added modulo.</param>
    /// <param name="modulusBits">Bits of each prime of q, one or two of 20 to 60, within the 128 bits of security of N.</param>
    /// <exception cref="ArgumentException">Anything else, with the arithmetic.</exception>
    public static BfvParameters Create(int degree, ulong plaintextModulus, params ReadOnlySpan<int> modulusBits)
    {
        var secure = MaximumSecureBits(degree);
        var total = 0;
        foreach (var bits in modulusBits)
        {
            if (bits is < LeastModulusBits or > MaximumModulusBits)
                throw new ArgumentException($"A prime of q has {LeastModulusBits} to {MaximumModulusBits} bits, not {bits}.", nameof(modulusBits));
            total += bits;
        }

        if (modulusBits.Length is not (1 or 2))
            throw new ArgumentException($"q is one prime or the product of two, not of {modulusBits.Length}.", nameof(modulusBits));
        if (total > secure)
            throw new ArgumentException($"A q of {total} bits has less than 128 bits of security at N = {degree}, where at most {secure} bits are: raise N.", nameof(modulusBits));
        var plaintextBits = 64 - BitOperations.LeadingZeroCount(plaintextModulus);
        if (plaintextModulus is < 2 or > 1UL << 48 || plaintextBits + 2 > total)
            throw new ArgumentException($"A plaintext modulus lies from 2 to 2^48 and has at least 2 bits less than q, which has {total} here, not {plaintextBits}.", nameof(plaintextModulus));
        return new BfvParameters(degree, plaintextModulus, PrimeModulus.Largest(modulusBits, degree));
    }

    /// <summary>Bits of q that leave 128 bits of security against known attacks with ternary secrets (HomomorphicEncryption.org security standard 2018, table 1).</summary>
    /// <exception cref="ArgumentException">Another N.</exception>
    public static int MaximumSecureBits(int degree) => degree switch
    {
        1024 => 27,
        2048 => 54,
        4096 => 109,
        8192 => 218,
        _ => throw new ArgumentException($"N is 1024, 2048, 4096 or 8192, not {degree}.", nameof(degree)),
    };

    /// <summary>Polynomials that hold so many values.</summary>
    public int PolynomialsFor(int dimension) => (int)(((long)dimension + Degree - 1) / Degree);

    /// <inheritdoc/>
    public override string ToString() =>
        $"BFV, N = {Degree}, t = {PlaintextModulus}, q of {string.Join(" + ", Transforms.Select(transform => transform.Modulus.Bits))} bits";

    internal bool IsSame(BfvParameters other) => ReferenceEquals(this, other) || _id.AsSpan().SequenceEqual(other._id);

    internal void RequireSame(BfvParameters other)
    {
        if (!IsSame(other))
            throw new ArgumentException($"These belong to other parameters: {other}, where {this} was expected.", nameof(other));
    }

    internal void Forward(Span<ulong> polynomial)
    {
        for (var k = 0; k < Transforms.Length; k++)
            Transforms[k].Forward(polynomial.Slice(k * Degree, Degree));
    }

    internal void Inverse(Span<ulong> polynomial)
    {
        for (var k = 0; k < Transforms.Length; k++)
            Transforms[k].Inverse(polynomial.Slice(k * Degree, Degree));
    }

    /// <summary>left += right, words below their primes.</summary>
    internal void Add(Span<ulong> left, ReadOnlySpan<ulong> right)
    {
        for (var k = 0; k < Transforms.Length; k++)
            ResidueSum.Add(left.Slice(k * Degree, Degree), right.Slice(k * Degree, Degree), Transforms[k].Modulus.Value);
    }

    internal void Negate(Span<ulong> polynomial)
    {
        for (var k = 0; k < Transforms.Length; k++)
        {
            foreach (ref var word in polynomial.Slice(k * Degree, Degree))
                word = Transforms[k].Modulus.Negate(word);
        }
    }

    /// <summary>Small signed values as residues of every prime.</summary>
    internal void Spread(ReadOnlySpan<int> values, Span<ulong> residues)
    {
        for (var k = 0; k < Transforms.Length; k++)
        {
            var q = Transforms[k].Modulus.Value;
            var part = residues.Slice(k * Degree, Degree);
            for (var i = 0; i < values.Length; i++)
                part[i] = (ulong)values[i] + (q & (ulong)(values[i] >> 31)); // sign extension, so that -1 becomes q - 1
        }
    }

    /// <summary>
    /// Adds round(q m / t) to each coefficient: floor((q m + floor((t+1)/2)) / t) = m floor(q/t) + floor((m (q mod t) + floor((t+1)/2)) / t), SEAL's rounding.
    /// </summary>
    /// <exception cref="ArgumentException">A word is not below t.</exception>
    internal void AddScaled(ReadOnlySpan<ulong> words, Span<ulong> polynomial)
    {
        var threshold = PlaintextModulus - ((PlaintextModulus + 1) / 2);
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word >= PlaintextModulus)
                throw new ArgumentException($"Word {i} of a block is not below the plaintext modulus {PlaintextModulus}: reduce masked words modulo it.", nameof(words));
            var whole = Math.BigMul(word, _restQuotient, out _); // one too small at the most
            var over = (word * _rest) - (whole * PlaintextModulus);
            if (over >= PlaintextModulus)
            {
                over -= PlaintextModulus;
                whole++;
            }

            if (over >= threshold)
                whole++;
            for (var k = 0; k < Transforms.Length; k++)
            {
                var modulus = Transforms[k].Modulus;
                ref var target = ref polynomial[(k * Degree) + i];
                target = modulus.Add(target, modulus.Reduce(modulus.Multiply(word, _scale[k], _scaleQuotient[k]) + whole));
            }
        }
    }

    /// <summary>
    /// Coefficient i as a fraction of q, in 2^-64: floor(x 2^64 / q) for one prime; for two the sum of the floors of its parts by the Chinese remainder theorem, which is short of it by less
    /// than 2. The whole of a sum of parts drops out by itself, since words are modulo 2^64.
    /// </summary>
    internal ulong Fraction(ReadOnlySpan<ulong> polynomial, int i)
    {
        if (Transforms.Length == 1)
            return Transforms[0].Modulus.Fraction(polynomial[i]);
        var sum = 0UL;
        for (var k = 0; k < Transforms.Length; k++)
        {
            var modulus = Transforms[k].Modulus;
            sum += modulus.Fraction(modulus.Multiply(polynomial[(k * Degree) + i], _cofactor[k], _cofactorQuotient[k]));
        }

        return sum;
    }

    /// <summary>The plaintext word that a fraction of q in 2^-64 is nearest to: round(t f / 2^64) modulo t.</summary>
    internal ulong Round(ulong fraction)
    {
        var whole = Math.BigMul(fraction, PlaintextModulus, out var part) + (part >> 63);
        return whole == PlaintextModulus ? 0 : whole;
    }
}
