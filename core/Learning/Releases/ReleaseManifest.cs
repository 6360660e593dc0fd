using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a release says of itself; signed by the worker that made it. Canonical JSON in the release's head.</summary>
/// <param name="Site">The site.</param>
/// <param name="Step">The step that it answers.</param>
/// <param name="Study">The approved study.</param>
/// <param name="Parameters">SHA-256 of the parameters it was computed from; null for preparation.</param>
/// <param name="Constants">SHA-256 of the frozen preprocessing constants; null for preparation.</param>
/// <param name="PayloadLength">Bytes of the payload.</param>
/// <param name="PayloadDigest">SHA-256 of the payload.</param>
/// <param name="Encoding">"fixed8|16|24|32", "float32" or "json".</param>
/// <param name="Dimension">Number of values of an update; 0 for JSON.</param>
/// <param name="Weight">How much an update counts, from 1; 0 for JSON.</param>
/// <param name="Saturated">How many coordinates met the encoding's range.</param>
/// <param name="Software">Version of the software that made it.</param>
/// <param name="Capability">CPU capability and thread count, e.g. "avx2;threads=1": what bit-identity depends on.</param>
public sealed record ReleaseManifest(
    SiteId Site,
    StepId Step,
    StudyDigest Study,
    Sha256Digest? Parameters,
    Sha256Digest? Constants,
    long PayloadLength,
    Sha256Digest PayloadDigest,
    string Encoding,
    int Dimension,
    int Weight,
    long Saturated,
    string Software,
    string Capability);
