using System.Numerics;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>Diffie-Hellman over P-256 (NIST SP 800-56A rev. 3, section 5.7.1.2) with keys that a stream of secret bytes names.</summary>
internal static class KeyAgreement
{
    /// <summary>Bytes of a public key: x and y.</summary>
    public const int PointLength = 64;

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

    /// <summary>Whether these bytes are a point of the curve. It has cofactor 1, so there is nothing else to check.</summary>
    public static bool IsPoint(ReadOnlyMemory<byte> publicKey)
    {
        if (ImportPublic(publicKey) is not { } key)
            return false;
        key.Dispose();
        return true;
    }

    /// <summary>The 32 secret bytes (the product's x) that both ends of two keys know.</summary>
    /// <exception cref="CryptographicException">The public key is no point; <see cref="IsPoint"/> tells.</exception>
    public static byte[] Agree(ECDiffieHellman mine, ReadOnlyMemory<byte> theirs)
    {
        using var key = ImportPublic(theirs) ?? throw new CryptographicException("The public key is no point of P-256.");
        using var point = key.PublicKey;
        return mine.DeriveRawSecretAgreement(point);
    }

    private static ECDiffieHellman? ImportPublic(ReadOnlyMemory<byte> publicKey)
    {
        if (publicKey.Length != PointLength)
            return null;
        var point = new ECPoint { X = publicKey[..32].ToArray(), Y = publicKey[32..].ToArray() };
        try
        {
            return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point });
        }
        catch (CryptographicException)
        {
            return null; // not on the curve
        }
    }
}
