using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Secret sharing with a threshold (Shamir 1979) over the integers modulo the order of P-256, of which private keys are elements already. Member i's share is
/// the
/// polynomial's value at i + 1. Fewer shares than the threshold are consistent with every secret alike.
/// </summary>
internal static class ShamirSharing
{
    /// <summary>Bytes of an element, big-endian.</summary>
    public const int Length = 32;

    /// <summary>The order of P-256, a prime (NIST SP 800-186, 3.2.1.3).</summary>
    public static readonly BigInteger Modulus = BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A uniform element, from 1: bytes that are none are passed over, which once in 2^32 draws they are.</summary>
    public static BigInteger Draw(KeyStream stream)
    {
        Span<byte> bytes = stackalloc byte[Length];
        while (true)
        {
            stream.Fill(bytes);
            if (TryRead(bytes, out var element) && !element.IsZero)
            {
                bytes.Clear();
                return element;
            }
        }
    }

    /// <summary>Reads 32 bytes, which must be less than the modulus: an element has one form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BigInteger element)
    {
        element = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        return bytes.Length == Length && element < Modulus;
    }

    /// <summary>Writes 32 bytes.</summary>
    public static void Write(BigInteger element, Span<byte> bytes)
    {
        bytes.Clear();
        element.TryWriteBytes(bytes[(Length - element.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
    }

    /// <summary>The element as 32 bytes.</summary>
    public static byte[] Bytes(BigInteger element)
    {
        var bytes = new byte[Length];
        Write(element, bytes);
        return bytes;
    }

    /// <summary>Divides a secret among <paramref name="count"/> members, any <paramref name="threshold"/> of whom have it.</summary>
    /// <param name="secret">An element.</param>
    /// <param name="threshold">From 1.</param>
    /// <param name="count">How many shares.</param>
    /// <param name="randomness">What the polynomial is drawn from.</param>
    public static BigInteger[] Divide(BigInteger secret, int threshold, int count, KeyStream randomness)
    {
        var coefficients = new BigInteger[threshold];
        coefficients[0] = secret;
        for (var i = 1; i < threshold; i++)
            coefficients[i] = Draw(randomness);
        var shares = new BigInteger[count];
        for (var member = 0; member < count; member++)
        {
            for (var i = threshold - 1; i >= 0; i--)
                shares[member] = ((shares[member] * (member + 1)) + coefficients[i]) % Modulus;
        }

        return shares;
    }

    /// <summary>What each of these members' shares counts in the secret: Lagrange's coefficients at 0.</summary>
    /// <param name="members">Different indices.</param>
    public static BigInteger[] Weights(IReadOnlyList<int> members)
    {
        var weights = new BigInteger[members.Count];
        for (var i = 0; i < weights.Length; i++)
        {
            var (above, below) = (BigInteger.One, BigInteger.One);
            for (var j = 0; j < weights.Length; j++)
            {
                if (j == i)
                    continue;
                above = above * (members[j] + 1) % Modulus;
                below = below * (members[j] - members[i] + Modulus) % Modulus;
            }

            weights[i] = above * BigInteger.ModPow(below, Modulus - 2, Modulus) % Modulus; // Fermat: the inverse
        }

        return weights;
    }

    /// <summary>The secret of shares with their <see cref="Weights"/>.</summary>
    public static BigInteger Combine(ReadOnlySpan<BigInteger> weights, ReadOnlySpan<BigInteger> shares)
    {
        var secret = BigInteger.Zero;
        for (var i = 0; i < weights.Length; i++)
            secret += weights[i] * shares[i];
        return secret % Modulus;
    }
}
