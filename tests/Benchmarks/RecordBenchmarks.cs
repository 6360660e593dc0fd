using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>What a release costs besides its values: its entry in the signed log. The baseline is one signature, of which an entry needs one.</summary>
public class RecordBenchmarks
{
    private static readonly SigningKey Key = SigningKey.Create();

    private readonly byte[] _message = new byte[1024];
    private readonly byte[] _json;
    private readonly byte[] _signature;
    private readonly JsonObject _body = new()
    {
        ["digest"] = new string('a', 64), ["weight"] = 303, ["sites"] = new JsonArray("cleveland", "hungarian", "switzerland", "va"), ["sum"] = 0.1,
    };

    // On a disk in memory: what is measured is not the machine's disk.
    private readonly ChainedLog _log = ChainedLog.Open(new SimulatedDisk(1), "audit.log", Key, TimeProvider.System);

    /// <summary>A body like that of most entries.</summary>
    public RecordBenchmarks() => (_json, _signature) = (CanonicalJson.Write(_body), Sign());

    /// <summary>One signature, ECDSA P-256.</summary>
    [Benchmark(Baseline = true)]
    public byte[] Sign() => Key.Sign(SignatureContext.LogEntry, _message);

    /// <summary>One check of a signature.</summary>
    [Benchmark]
    public bool Verify() => Key.PublicKey.Verify(SignatureContext.LogEntry, _message, _signature);

    /// <summary>One entry: canonical JSON, hash, signature, line.</summary>
    [Benchmark]
    public LogEntry Append() => _log.Append("measured", (JsonObject)_body.DeepClone());

    /// <summary>The body's canonical bytes.</summary>
    [Benchmark]
    public byte[] Write() => CanonicalJson.Write(_body);

    /// <summary>And back.</summary>
    [Benchmark]
    public JsonNode? Read() => CanonicalJson.Read(_json);
}
