namespace FederatedClinicalMl.Privacy;

/// <summary>Adds up one polynomial of every site's vector after another, so that memory is a polynomial, whatever the model and however many sites. Not for use by several threads at once.</summary>
/// <param name="plan">The study's plan.</param>
public sealed class CiphertextFold(EncryptionPlan plan)
{
    private readonly ulong[] _body = new ulong[plan.Parameters.PolynomialWords];
    private readonly ulong[] _uniform = new ulong[plan.Parameters.PolynomialWords];
    private readonly ulong[] _addend = new ulong[plan.Parameters.PolynomialWords];

    /// <summary>Begins another polynomial.</summary>
    public void Clear()
    {
        Array.Clear(_body);
        Array.Clear(_uniform);
    }

    /// <summary>Adds a site's block.</summary>
    /// <param name="block">A block of <see cref="EncryptionPlan.Upload"/>.</param>
    /// <exception cref="FormatException">It is none: a residue is not below its prime.</exception>
    public void Add(ReadOnlySpan<byte> block)
    {
        var parameters = plan.Parameters;
        var length = PackedVector.PolynomialLength(parameters);
        AddTo(_body, block[..length]);
        if (plan.Mode == EncryptionMode.Consortium)
        {
            SeedExpansion.Fill(parameters, block.Slice(length, SeedExpansion.SeedLength), SeedFunction.Shake256, _addend);
            parameters.Add(_uniform, _addend);
        }
        else
        {
            AddTo(_uniform, block.Slice(length, length));
        }
    }

    /// <summary>Writes the sum's block that the sites are sent.</summary>
    /// <param name="block">A block of <see cref="EncryptionPlan.Download"/>.</param>
    public void WriteSent(Span<byte> block)
    {
        if (plan.Mode == EncryptionMode.Consortium)
            block = PackedVector.Pack(plan.Parameters, _body, block);
        PackedVector.Pack(plan.Parameters, _uniform, block);
    }

    /// <summary>Of a threshold key: writes the sum's c0, which the coordinator keeps.</summary>
    /// <param name="block">As long as a block of <see cref="EncryptionPlan.Download"/>.</param>
    public void WriteKept(Span<byte> block) => PackedVector.Pack(plan.Parameters, _body, block);

    private void AddTo(Span<ulong> sum, ReadOnlySpan<byte> packed)
    {
        if (!PackedVector.TryUnpack(plan.Parameters, packed, _addend))
            throw new FormatException("A ciphertext has a residue that is not below its prime.");
        plan.Parameters.Add(sum, _addend);
    }
}
