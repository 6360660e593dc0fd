namespace FederatedClinicalMl.Privacy;

/// <summary>A vector's ciphertexts of which c1 is a public seed for each polynomial: half the bytes. Only who holds the secret key makes them.</summary>
public sealed class SeededVector
{
    private readonly byte[] _seeds;

    internal SeededVector(PolynomialVector body, byte[] seeds) => (Body, _seeds) = (body, seeds);

    /// <summary>The ring.</summary>
    public BfvParameters Parameters => Body.Parameters;

    /// <summary>Number of values.</summary>
    public int Dimension => Body.Dimension;

    internal PolynomialVector Body { get; }

    /// <summary>The ciphertexts with c1 written out. The body is shared, not copied: what is added to the one shows in the other.</summary>
    public EncryptedVector Expand()
    {
        var uniform = new PolynomialVector(Parameters, Dimension);
        for (var i = 0; i < uniform.Count; i++)
            SeedExpansion.Fill(Parameters, Seed(i), SeedFunction.Shake256, uniform.Polynomial(i));
        return new EncryptedVector(Body, uniform);
    }

    internal ReadOnlySpan<byte> Seed(int index) => _seeds.AsSpan(index * SeedExpansion.SeedLength, SeedExpansion.SeedLength);
}
