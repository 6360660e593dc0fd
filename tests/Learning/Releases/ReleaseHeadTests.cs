using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Releases;

public sealed class ReleaseHeadTests : IDisposable
{
    private static readonly Sha256Digest s_digest = Sha256Digest.Of("content"u8);
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");

    private readonly SigningKey _key = SigningKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Read_what_was_signed_gives_the_manifest_the_digest_and_the_payload_s_place()
    {
        foreach (var manifest in (ReleaseManifest[])[Update(), Preparation(), Evaluation(), SiteMetrics(), SiteMetrics() with { MinimumCell = 0, Data = null }])
        {
            var signed = ReleaseHead.Sign(manifest, _key);
            byte[] file = [.. signed.Bytes.Span, 1, 2, 3];

            var read = ReleaseHead.Read(file);

            Assert.Equal(manifest, read.Manifest);
            Assert.Equal(signed.Digest, read.Digest);
            Assert.Equal(signed.Bytes.Length, read.Bytes.Length);
            Assert.Equal(signed.Bytes.Length + manifest.PayloadLength, read.FileLength);
            Assert.Equal(signed.Bytes.Length, ReleaseHead.LengthOf(file.AsSpan(0, ReleaseHead.PrefixLength)));
            Assert.True(read.IsSignedBy(_key.PublicKey));
        }
    }

    [Fact]
    public void IsSignedBy_another_key_or_for_another_manifest_is_false()
    {
        using var other = SigningKey.Create();
        var head = ReleaseHead.Sign(Update(), _key);
        Assert.False(head.IsSignedBy(other.PublicKey));
        Assert.False(head.IsSignedBy(null));

        var forged = Rewrite(head, json => json["manifest"]!["weight"] = 9999);
        Assert.Equal(9999, ReleaseHead.Read(forged).Manifest.Weight);
        Assert.False(ReleaseHead.Read(forged).IsSignedBy(_key.PublicKey));
    }

    [Fact]
    public void Read_with_any_byte_flipped_is_refused_or_no_longer_signed()
    {
        var head = ReleaseHead.Sign(Update(), _key);
        for (var i = 0; i < head.Bytes.Length; i++)
        {
            var bytes = head.Bytes.ToArray();
            bytes[i] ^= 1;
            ReleaseHead? read = null;
            try
            {
                read = ReleaseHead.Read(bytes);
            }
            catch (FormatException)
            {
                continue; // refused: the only exception that hostile bytes may cause
            }

            Assert.False(read.IsSignedBy(_key.PublicKey), $"byte {i}");
        }
    }

    [Fact]
    public void Read_a_head_that_is_cut_anywhere_is_refused()
    {
        var bytes = ReleaseHead.Sign(Update(), _key).Bytes.ToArray();
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<FormatException>(() => ReleaseHead.Read(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(65_537u)]
    [InlineData(uint.MaxValue)]
    public void LengthOf_a_head_of_no_or_too_many_bytes_is_refused(uint length)
    {
        byte[] prefix = [.. "FCMLREL1"u8, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix.AsSpan(8), length);
        Assert.Throws<FormatException>(() => ReleaseHead.LengthOf(prefix));
    }

    [Fact]
    public void LengthOf_another_file_is_refused() => Assert.Throws<FormatException>(() => ReleaseHead.LengthOf("FCMLREL2\0\0\0\0"u8));

    [Fact]
    public void Read_a_head_that_is_not_canonical_is_refused()
    {
        var head = ReleaseHead.Sign(Update(), _key);
        var json = Encoding.UTF8.GetString(head.Bytes.Span[ReleaseHead.PrefixLength..]);
        Assert.Throws<FormatException>(() => ReleaseHead.Read(Frame(Encoding.UTF8.GetBytes(json.Replace("\"weight\":7", "\"weight\":7.0", StringComparison.Ordinal)))));
        Assert.Throws<FormatException>(() => ReleaseHead.Read(Frame(Encoding.UTF8.GetBytes(json + " "))));
    }

    [Theory]
    [InlineData("site", "\"North\"")]
    [InlineData("site", "5")]
    [InlineData("step", "\"0123456789abcdef.01.training.1\"")]
    [InlineData("step", "\"0123456789abcdef.0.training.1\"")]
    [InlineData("step", "\"0123456789abcdef.1.evaluation.1\"")]
    [InlineData("step", "\"0123456789abcdef.1.preparation.1\"")]
    [InlineData("study", "\"00\"")]
    [InlineData("parameters", "null")]
    [InlineData("constants", "null")]
    [InlineData("payloadLength", "39")]
    [InlineData("payloadLength", "0")]
    [InlineData("payloadLength", "1e300")]
    [InlineData("payloadDigest", "null")]
    [InlineData("encoding", "\"fixed12\"")]
    [InlineData("encoding", "\"json\"")]
    [InlineData("dimension", "0")]
    [InlineData("dimension", "-10")]
    [InlineData("dimension", "4294967306")]
    [InlineData("weight", "0")]
    [InlineData("weight", "1.5")]
    [InlineData("saturated", "11")]
    [InlineData("saturated", "-1")]
    [InlineData("software", "\"\"")]
    [InlineData("software", "\"1.0\\n2026 forged line\"")]
    [InlineData("capability", "\"12345678901234567890123456789012345678901234567890123456789012345\"")]
    [InlineData("minimumCell", "5")]
    [InlineData("minimumCell", "-1")]
    [InlineData("minimumCell", "0.5")]
    [InlineData("data", "\"x\"")]
    [InlineData("more", "1")]
    public void Read_a_manifest_with_a_wrong_field_is_refused(string field, string value)
    {
        var head = ReleaseHead.Sign(Update(), _key);
        Assert.Throws<FormatException>(() => ReleaseHead.Read(Rewrite(head, json => json["manifest"]![field] = JsonNode.Parse(value))));
        if (field != "more")
            Assert.Throws<FormatException>(() => ReleaseHead.Read(Rewrite(head, json => json["manifest"]!.AsObject().Remove(field))));
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("\"AAAA\"")]
    [InlineData("\"!\"")]
    public void Read_a_signature_of_another_form_is_refused(string signature) =>
        Assert.Throws<FormatException>(() => ReleaseHead.Read(Rewrite(ReleaseHead.Sign(Update(), _key), json => json["signature"] = JsonNode.Parse(signature))));

    [Fact]
    public void Sign_a_manifest_that_does_not_hold_together_is_refused()
    {
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Update() with { PayloadLength = 41 }, _key));
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Preparation() with { Weight = 1 }, _key));
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Preparation() with { MinimumCell = 0 }, _key));
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Evaluation() with { MinimumCell = 0 }, _key));
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Evaluation() with { Constants = null }, _key));
        Assert.Throws<FormatException>(() => ReleaseHead.Sign(Evaluation() with { PayloadLength = ReleaseManifest.MaximumJsonLength + 1 }, _key));
    }

    private static ReleaseManifest Update() => new(
        SiteId.Parse("north"), new StepId(s_run, new RoundNumber(1), StepKind.Training, 1), new StudyDigest(s_digest), s_digest, s_digest,
        40, s_digest, "fixed32", 10, 7, 0, "0.1.0", "avx2;threads=1", 0, s_digest);

    private static ReleaseManifest Preparation() => new(
        SiteId.Parse("north"), new StepId(s_run, RoundNumber.Preparation, StepKind.Preparation, 2), new StudyDigest(s_digest), null, null,
        123, s_digest, "json", 0, 0, 0, "0.1.0", "avx2;threads=1", 5);

    private static ReleaseManifest Evaluation() => Preparation() with
    {
        Step = new StepId(s_run, new RoundNumber(3), StepKind.Evaluation, 1),
        Parameters = s_digest,
        Constants = s_digest,
    };

    private static ReleaseManifest SiteMetrics() => Evaluation() with { Step = new StepId(s_run, new RoundNumber(3), StepKind.SiteMetrics, 1), Data = s_digest };

    private static byte[] Rewrite(ReleaseHead head, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(head.Bytes.Span[ReleaseHead.PrefixLength..])!;
        change(json);
        return Frame(CanonicalJson.Write(json));
    }

    private static byte[] Frame(byte[] json)
    {
        byte[] bytes = [.. "FCMLREL1"u8, 0, 0, 0, 0, .. json];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)json.Length);
        return bytes;
    }
}
