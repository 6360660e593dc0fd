using System.Numerics;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary;

/// <summary>What an adversary makes of the ciphertexts of an encrypted round, and tells of them.</summary>
internal static class EncryptedSums
{
    /// <summary>How the study is encrypted.</summary>
    public static EncryptionPlan PlanOf(Study study) => StudyTerms.PlanOf(study, study.Federation.Keys.Count, ModelPlan.For(study).Layout.Dimension)!;

    /// <summary>The sum of some ciphertexts, in the file that members are sent.</summary>
    public static byte[] Fold(EncryptionPlan plan, params IEnumerable<byte[]> ciphertexts)
    {
        var (fold, sent, kept) = (new CiphertextFold(plan), new byte[plan.Download.Length], new byte[plan.Download.Length]);
        plan.Download.Header.CopyTo(sent);
        plan.Download.Header.CopyTo(kept);
        var all = ciphertexts.ToList();
        for (var i = 0; i < plan.Upload.Blocks; i++)
        {
            fold.Clear();
            foreach (var ciphertext in all)
                fold.Add(ciphertext.AsSpan((int)plan.Upload.OffsetOf(i), plan.Upload.BlockLength));
            fold.WriteSent(sent.AsSpan((int)plan.Download.OffsetOf(i), plan.Download.BlockLength));
            if (plan.Mode == EncryptionMode.Threshold)
                fold.WriteKept(kept.AsSpan((int)plan.Download.OffsetOf(i), plan.Download.BlockLength));
        }

        return plan.Mode == EncryptionMode.Threshold ? [.. sent, .. Sha256Digest.Of(kept).Span] : sent;
    }

    /// <summary>(0, floor(q/t)): of a consortium's key it opens to the key itself; of a collective one its c1 alone, by which a share tells a secret.</summary>
    public static byte[] KeyTeller(EncryptionPlan plan)
    {
        var vector = new EncryptedVector(plan.Parameters, plan.Dimension);
        var scale = plan.Parameters.Modulus / plan.Parameters.PlaintextModulus;
        for (var i = 0; i < vector.Uniform.Count; i++)
        {
            foreach (var (prime, at) in plan.Parameters.Primes.Select((prime, at) => (prime, at)))
                vector.Uniform.Residues(i, at)[0] = (ulong)(scale % prime);
        }

        return plan.Mode == EncryptionMode.Consortium ? PackedVector.Write(vector) : [.. PackedVector.Write(vector.Uniform), .. Sha256Digest.Of("any half"u8).Span];
    }

    /// <summary>Decrypts the first polynomial of a sum by hand, with a consortium's secret: round(t (c0 + c1 s) / q) modulo t. One prime.</summary>
    public static ulong[] Decrypt(EncryptionPlan plan, byte[] sum, IReadOnlyList<int> secret)
    {
        var (parameters, vector) = (plan.Parameters, PackedVector.ReadEncrypted(plan.Parameters, plan.Dimension, sum));
        var (n, q, t) = (parameters.Degree, (Int128)parameters.Primes.Single(), (UInt128)parameters.PlaintextModulus);
        var body = vector.Body.Residues(0, 0);
        var uniform = vector.Uniform.Residues(0, 0);
        var values = new Int128[n];
        for (var i = 0; i < n; i++)
            values[i] = body[i];
        for (var j = 0; j < n; j++)
        {
            for (var i = 0; secret[j] != 0 && i < n; i++)
            {
                var at = (i + j) % n; // X^n = -1
                values[at] += (i + j < n ? secret[j] : -secret[j]) * (Int128)uniform[i];
            }
        }

        return [.. values.Select(value => (ulong)(BigInteger)(((((UInt128)(((value % q) + q) % q) * t) + ((UInt128)q / 2)) / (UInt128)q) % t))];
    }

    /// <summary>That words of so many bits are uniform: Pearson's statistic over 64 classes of the upper bits, above 130 with a probability below 1e-6.</summary>
    public static void AssertUniform(IReadOnlyCollection<ulong> words, int bits) => Assert.InRange(Unevenness(words, bits), 0, 130);

    /// <summary>That they are not: the same statistic.</summary>
    public static void AssertTelling(IReadOnlyCollection<ulong> words, int bits) => Assert.True(Unevenness(words, bits) > 1000);

    /// <summary>Words of 32 or 64 bits, cut to so many bits.</summary>
    public static ulong[] Cut(EncryptionPlan plan, MaskWord word, byte[] vector) => PlaintextWords.Cut(word, vector, plan.PlaintextBits);

    private static double Unevenness(IReadOnlyCollection<ulong> words, int bits)
    {
        var counts = new int[64];
        foreach (var word in words)
            counts[(int)(word >> (bits - 6))]++;
        var expected = words.Count / 64.0;
        return counts.Sum(count => (count - expected) * (count - expected) / expected);
    }
}
