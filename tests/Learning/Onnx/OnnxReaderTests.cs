using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Learning.Onnx;

/// <summary>Files are changed as whoever would make a runtime do more than score: by the wire format itself, for what our subset of it has no name for.</summary>
public sealed class OnnxReaderTests
{
    private static readonly Study s_study = StudyText.Of("""
        {name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}
        {name: kind, type: category, levels: [1, 2.5], missing: no-level}
        """, "{kind: mlp, hidden: [3], activation: tanh}");

    private static readonly PreprocessingConstants s_constants = PreprocessingConstants.Freeze(s_study, preparation: null);
    private static readonly byte[] s_file = OnnxWriter.Write(s_study, s_constants, ModelPlan.For(s_study).InitialParameters(), "1.2.3");

    [Fact]
    public void Check_what_the_writer_wrote_passes() => OnnxReader.Check(s_file, s_study, s_constants);

    [Theory]
    [InlineData(20, "training information")]
    [InlineData(25, "functions")]
    [InlineData(99, "fields that no model of this software has")]
    public void Check_a_field_of_the_model_that_is_not_run_is_refused(int field, string says) => Refused([.. s_file, .. Field(field, [1])], says);

    [Theory]
    [InlineData(15, new byte[] { 1 }, "sparse")]
    [InlineData(13, new byte[] { 1 }, "fields that no model")]
    [InlineData(14, new byte[] { 1 }, "fields that no model")]
    public void Check_a_field_of_the_graph_that_is_not_run_is_refused(int field, byte[] content, string says) => Refused([.. s_file, .. Field(7, Field(field, content))], says);

    [Fact]
    public void Check_external_data_is_refused() =>
        Refused([.. s_file, .. Field(7, Field(5, [.. Field(8, "x"u8.ToArray()), .. Field(13, [.. Field(1, "location"u8.ToArray()), .. Field(2, "/etc/passwd"u8.ToArray())])]))], "another file");

    [Theory]
    [InlineData("Loop", "", "not run here")]
    [InlineData("If", "", "not run here")]
    [InlineData("Relu", "com.example", "not run here")]
    public void Check_a_foreign_operator_is_refused(string type, string domain, string says) => Refused(
        [.. s_file, .. Field(7, Field(1, [.. Field(1, "age"u8.ToArray()), .. Field(2, "y"u8.ToArray()), .. Field(4, System.Text.Encoding.ASCII.GetBytes(type)), .. Field(7, System.Text.Encoding.ASCII.GetBytes(domain))]))], says);

    [Theory]
    [InlineData(6)]
    [InlineData(11)]
    public void Check_a_subgraph_is_refused(int field) => Refused(
        [.. s_file, .. Field(7, Field(1, [.. Field(1, "age"u8.ToArray()), .. Field(2, "y"u8.ToArray()), .. Field(4, "Relu"u8.ToArray()), .. Field(5, Field(field, [1]))]))], "subgraphs");

    [Fact]
    public void Check_another_opset_is_refused() => Refused([.. s_file, .. Field(8, [.. Field(1, "ai.onnx.ml"u8.ToArray()), 0x10, 3])], "opset");

    [Fact]
    public void Check_another_input_is_refused() => Refused([.. s_file, .. Field(7, Field(11, Field(1, "more"u8.ToArray())))], "features");

    [Fact]
    public void Check_a_model_of_another_study_is_refused()
    {
        var other = StudyText.Of("""
            {name: age, unit: a, range: [0, 121], scale: none, missing: exclude-row}
            {name: kind, type: category, levels: [1, 2.5], missing: no-level}
            """, "{kind: mlp, hidden: [3], activation: tanh}");
        Assert.Contains("fcml.study", Assert.Throws<FormatException>(() => OnnxReader.Check(s_file, other, PreprocessingConstants.Freeze(other, null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_a_file_that_breaks_off_or_is_none_is_refused()
    {
        Refused([], "");
        Refused(s_file[..^1], "");
        Refused([.. "MZ"u8], "");
    }

    // A changed byte of a weight is another weight, which a digest tells of and this cannot. Whatever else it makes of the file, it is refused as such and in no other way.
    [Fact]
    public void Check_of_a_changed_file_ends_in_a_refusal_or_well() => Gen.Select(Gen.Int[0, s_file.Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
    {
        var file = s_file.ToArray();
        file[at] ^= change;
        var refused = Record.Exception(() => OnnxReader.Check(file, s_study, s_constants));
        Assert.True(refused is null or FormatException, refused?.ToString());
    }, iter: 3000);

    private static byte[] Field(int number, byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(content));
        }

        return bytes.ToArray();
    }

    private static void Refused(byte[] file, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => OnnxReader.Check(file, s_study, s_constants)).Message, StringComparison.Ordinal);
}
