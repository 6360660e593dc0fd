using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>Diffie-Hellman over P-256 (NIST SP 800-56A rev. 3, section 5.7.1.2) with keys that a stream of secret bytes names.</summary>
internal static class KeyAgreement
{
    /// <summary>Bytes of a public key: x and y.</summary>
    public const int PointLength = 64;

    private static readonly BigInteger FieldPrime = (BigInteger.One << 256) - (BigInteger.One << 224) + (BigInteger.One << 192) + (BigInteger.One << 96) - 1;
    private static readonly BigInteger CurveB = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The private key that is this element, from 1. The platform computes the public half.</summary>
    public static ECDiffieHellman Import(BigInteger key)
    {
        var d = new byte[ShamirSharing.Length];
        ShamirSharing.Write(key, d);
        try
        {
            return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    /// <summary>The public half: x and y.</summary>
    public static byte[] PublicOf(ECDiffieHellman key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    /// <summary>
    /// Whether these bytes are a point of the curve: y^2 = x^3 - 3x + b (SP 800-186, 3.2.1.3). It has cofactor 1, so there is nothing else to check. The
    /// platform checks again when
    /// it agrees, at a hundred times the cost.
    /// </summary>
    public static bool IsPoint(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != PointLength)
            return false;
        var (x, y) = (new BigInteger(publicKey[..32], isUnsigned: true, isBigEndian: true), new BigInteger(publicKey[32..], isUnsigned: true, isBigEndian: true));
        return x < FieldPrime && y < FieldPrime && ((y * y) - (x * x * x) + (3 * x) - CurveB) % FieldPrime == 0;
    }

    /// <summary>The 32 secret bytes (the product's x) that both ends of two keys know.</summary>
    /// <exception cref="CryptographicException">The public key is no point; <see cref="IsPoint"/> tells.</exception>
    public static byte[] Agree(ECDiffieHellman mine, ReadOnlySpan<byte> theirs)
    {
        using var key = Public(theirs);
        using var point = key.PublicKey;
        return mine.DeriveRawSecretAgreement(point);
    }

    /// <summary>A public key as the platform's.</summary>
    /// <inheritdoc cref="Agree"/>
    public static ECDiffieHellman Public(ReadOnlySpan<byte> point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = point[..32].ToArray(), Y = point[32..].ToArray() },
    });
}
