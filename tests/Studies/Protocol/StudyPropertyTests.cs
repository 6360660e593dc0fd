using System.Text;
using CsCheck;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

public sealed class StudyPropertyTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.OneOf(Gen.Const(StudyTexts.Smallest), Gen.Const(StudyTexts.Fullest), Gen.Const(StudyTexts.Private), Gen.Const(StudyTexts.Benchmark)),
        StudyGen.Json);

    /// <summary>A few bytes of a text replaced, removed or repeated.</summary>
    private static readonly Gen<(int At, int Length, int Kind, byte[] Bytes)[]> Wounds =
        Gen.Select(Gen.Int[0, 100_000], Gen.Int[0, 20], Gen.Int[0, 2], Gen.Byte.Array[0, 6]).Array[1, 4];

    [Fact]
    public void CheckYaml_anyValidStudy_travelsToTheSameDigest() => StudyGen.Json.Sample(yaml =>
    {
        var written = StudyChecker.CheckYaml(yaml);
        Assert.Empty(written.Faults);

        var travelled = StudyChecker.CheckCanonical(written.Study!.Canonical);

        Assert.Empty(travelled.Faults);
        Assert.Equal(written.Study.Digest, travelled.Study!.Digest);
        Assert.Equal(written.Study.Training, travelled.Study.Training);
        Assert.Equal(written.Study.Data.Split, travelled.Study.Data.Split);
        Assert.Equal(written.Study.Federation.Deadline, travelled.Study.Federation.Deadline);
        // The canonical form is itself a valid file: a site's steward can save it and check it again.
        Assert.Equal(written.Study.Digest, StudyChecker.CheckYaml(Encoding.UTF8.GetString(written.Study.Canonical.Span)).Study?.Digest);
    });

    [Fact]
    public void CheckYaml_anyWoundedText_givesAStudyOrFaultsButNeverThrows() => Gen.Select(Text, Wounds).Sample((text, wounds) =>
    {
        var check = StudyChecker.CheckYaml(Encoding.UTF8.GetString(Wound(Encoding.UTF8.GetBytes(text), wounds)));

        Assert.True(check.Study is null == check.Faults.Count > 0);
        Assert.All(check.Faults, fault => Assert.NotEmpty(fault.Message));
    }, iter: 3_000);

    [Fact]
    public void CheckYaml_anyCharacters_giveFaultsButNeverThrow() => Gen.String[Gen.Char["ab1:-?,[]{}#&*!|>'\"%@` \t\n\r\\~<=\ud800\u0000\u2028"], 0, 40].Sample(
        yaml => StudyChecker.CheckYaml(yaml) is { Study: null, Faults.Count: > 0 }, iter: 20_000);

    [Fact]
    public void CheckCanonical_anyWoundedBytes_givesTheSameStudyOrFaults() => Gen.Select(Text, Wounds).Sample((text, wounds) =>
    {
        var wounded = Wound(StudyChecker.CheckYaml(text).Study!.Canonical.ToArray(), wounds);

        var check = StudyChecker.CheckCanonical(wounded);

        Assert.True(check.Study is null == check.Faults.Count > 0);
        if (check.Study is { } study)
            Assert.True(study.Canonical.Span.SequenceEqual(wounded));
    }, iter: 3_000);

    private static byte[] Wound(byte[] text, (int At, int Length, int Kind, byte[] Bytes)[] wounds)
    {
        foreach (var (position, reach, kind, bytes) in wounds)
        {
            var at = position % (text.Length + 1);
            var length = Math.Min(reach, text.Length - at);
            text = kind switch
            {
                0 => [.. text[..at], .. bytes, .. text[Math.Min(text.Length, at + bytes.Length)..]],
                1 => [.. text[..at], .. text[(at + length)..]],
                _ => [.. text[..(at + length)], .. text[at..]],
            };
        }

        return text;
    }
}
