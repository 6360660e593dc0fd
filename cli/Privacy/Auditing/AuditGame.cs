using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>
/// One mechanism's patients, coins and streams. Everything follows from a seed that is printed and no secret: an audit is a simulation over made-up patients, and its output is to be had again. A site's streams come from a
/// root that its operating system drew; nothing here takes or makes one.
/// </summary>
internal sealed class AuditGame
{
    private readonly byte[] _root;

    /// <summary>Throws the coins and makes the patients.</summary>
    /// <param name="seed">The audit's.</param>
    /// <param name="mechanism">Its name: no two mechanisms share a coin or a stream.</param>
    public AuditGame(long seed, string mechanism)
    {
        var random = DeterministicRandom.Of("privacy-audit", seed.ToString(CultureInfo.InvariantCulture), mechanism);
        IsIn = [.. Enumerable.Range(0, AuditedTraining.Canaries).Select(_ => random.NextInt(2) == 1)];
        Patients = AuditPatients.Everybody(random);
        Rows = AuditPatients.Rows(Patients, IsIn);
        _root = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"fcml-privacy-audit-v1\n{seed}\n{mechanism}\n")));
    }

    /// <summary>[canaries]: the coins.</summary>
    public bool[] IsIn { get; }

    /// <summary>[patients][rows], canaries first, those that are out included.</summary>
    public SparseRow[][] Patients { get; }

    /// <summary>What the mechanism is given.</summary>
    public TrainingSet Rows { get; }

    /// <summary>Draws a step's patients.</summary>
    public KeyStream Sampling(int step) => Stream("fcml-privacy-audit-sampling-v1", step);

    /// <summary>Draws a step's noise.</summary>
    public KeyStream Noise(int step) => Stream("fcml-privacy-audit-noise-v1", step);

    private KeyStream Stream(string purpose, int step)
    {
        Span<byte> inputs = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(inputs, step);
        return KeyStream.Derive(_root, purpose, inputs);
    }
}
