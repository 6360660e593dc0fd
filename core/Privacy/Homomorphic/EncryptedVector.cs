namespace FederatedClinicalMl.Privacy;

/// <summary>A vector's ciphertexts (c0, c1): c0 + c1 s is round(q m / t) and noise. What is added here is added in the plaintexts, modulo t.</summary>
public sealed class EncryptedVector
{
    internal EncryptedVector(PolynomialVector body, PolynomialVector uniform) => (Body, Uniform) = (body, uniform);

    internal EncryptedVector(BfvParameters parameters, int dimension)
        : this(new PolynomialVector(parameters, dimension), new PolynomialVector(parameters, dimension))
    {
    }

    /// <summary>The ring.</summary>
    public BfvParameters Parameters => Body.Parameters;

    /// <summary>Number of values.</summary>
    public int Dimension => Body.Dimension;

    /// <summary>c0.</summary>
    public PolynomialVector Body { get; }

    /// <summary>c1: in threshold decryption, what the coordinator sends to every site.</summary>
    public PolynomialVector Uniform { get; }

    /// <summary>Adds another vector.</summary>
    /// <exception cref="ArgumentException">It has another dimension, or other parameters.</exception>
    public void Add(EncryptedVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Body.Add(other.Body);
        Uniform.Add(other.Uniform);
    }
}
