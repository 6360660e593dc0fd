using System.Numerics;
using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A prime q below 2^60 and arithmetic modulo it. Products by a fixed factor w use its quotient floor(w 2^64 / q) (Shoup's trick; Harvey 2014, "Faster arithmetic for
/// number-theoretic transforms"): two multiplications and no division.
/// </summary>
internal sealed class PrimeModulus
{
    // floor(2^64 / q), for the remainder of any word (Barrett), and floor(2^(63 + bits) / q), which has 64 bits, for fractions.
    private readonly ulong _barrett;
    private readonly ulong _reciprocal;

    public PrimeModulus(ulong value)
    {
        Value = value;
        Bits = 64 - BitOperations.LeadingZeroCount(value);
        _barrett = (ulong)((UInt128.One << 64) / value);
        _reciprocal = (ulong)((UInt128.One << (63 + Bits)) / value);
    }

    public ulong Value { get; }

    public int Bits { get; }

    /// <summary>The largest primes below 2^bits that are 1 modulo 2N, stepping down from each width: what SEAL's CoeffModulus.Create takes.</summary>
    /// <exception cref="ArgumentException">There are not as many.</exception>
    public static PrimeModulus[] Largest(ReadOnlySpan<int> bits, int degree)
    {
        var found = new List<PrimeModulus>();
        foreach (var width in bits)
        {
            var step = 2UL * (ulong)degree;
            var candidate = (((1UL << width) - 1) / step * step) + 1;
            while (!IsPrime(candidate) || found.Exists(prime => prime.Value == candidate))
            {
                if (candidate >> (width - 1) == 0)
                    throw new ArgumentException($"There is no further prime of {width} bits that is 1 modulo {step}: use more bits.", nameof(bits));
                candidate -= step;
            }

            found.Add(new PrimeModulus(candidate));
        }

        return [.. found];
    }

    /// <summary>A word modulo q. Barrett's quotient is at most one too small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Reduce(ulong word)
    {
        var rest = word - (Math.BigMul(word, _barrett, out _) * Value);
        return rest >= Value ? rest - Value : rest;
    }

    public ulong Multiply(ulong left, ulong right) => Multiply(left, right, Fraction(right));

    /// <summary>left × factor modulo q; any left, a factor below q and its <see cref="Fraction"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Multiply(ulong left, ulong factor, ulong quotient)
    {
        var product = (left * factor) - (Math.BigMul(left, quotient, out _) * Value);
        return product >= Value ? product - Value : product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Add(ulong left, ulong right)
    {
        var sum = left + right;
        return sum >= Value ? sum - Value : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Negate(ulong value) => value == 0 ? 0 : Value - value;

    /// <summary>
    /// floor(value 2^64 / q) for a value below q, exactly. The product with the reciprocal is short of it by at most value / 2^(bits-1) + 1, which is below 3; what is
    /// left over of value 2^64 is then below 4q, and its low word is all of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Fraction(ulong value)
    {
        var high = Math.BigMul(value, _reciprocal, out var low);
        var fraction = (high << (65 - Bits)) | (low >> (Bits - 1));
        var rest = 0 - (fraction * Value);
        while (rest >= Value)
        {
            rest -= Value;
            fraction++;
        }

        return fraction;
    }

    public ulong Power(ulong value, ulong exponent)
    {
        var result = 1UL;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) == 1)
                result = Multiply(result, value);
            value = Multiply(value, value);
        }

        return result;
    }

    /// <summary>By Fermat's little theorem; of no use for 0.</summary>
    public ulong Invert(ulong value) => Power(value, Value - 2);

    /// <summary>The least primitive 2N-th root of unity. Two parties must take the same one, or keys in transformed form mean different things to them.</summary>
    public ulong MinimalRoot(int degree)
    {
        var order = 2UL * (ulong)degree;
        var root = 0UL;
        for (var generator = 2UL; ; generator++)
        {
            root = Power(generator, (Value - 1) / order);
            if (Power(root, order / 2) == Value - 1)
                break;
        }

        // The primitive roots are the odd powers of any one.
        var square = Multiply(root, root);
        var least = root;
        for (var i = 1; i < degree; i++)
        {
            root = Multiply(root, square);
            least = Math.Min(least, root);
        }

        return least;
    }

    // Miller and Rabin; these bases decide every number below 3.3 × 10^24 (Sorenson and Webster 2017).
    private static bool IsPrime(ulong candidate)
    {
        ReadOnlySpan<ulong> bases = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
        foreach (var prime in bases)
        {
            if (candidate % prime == 0)
                return candidate == prime;
        }

        var twos = BitOperations.TrailingZeroCount(candidate - 1);
        foreach (var prime in bases)
        {
            var power = BigInteger.ModPow(prime, (candidate - 1) >> twos, candidate);
            var passes = power.IsOne;
            for (var i = 0; i < twos && !passes; i++)
            {
                passes = power == candidate - 1;
                power = power * power % candidate;
            }

            if (!passes)
                return false;
        }

        return true;
    }
}
