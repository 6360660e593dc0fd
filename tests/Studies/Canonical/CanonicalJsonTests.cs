using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Canonical;

/// <summary>Vectors of RFC 8785 (June 2020): the example of section 3.2, the sorting example of 3.2.3, the numbers of appendix B.</summary>
public sealed class CanonicalJsonTests
{
    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Write(CanonicalJson.Read(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void Write_RfcSection322Example_equalsItsCanonicalForm()
    {
        const string Input = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50,
                          2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;

        Assert.Equal(
            """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""",
            Canonical(Input));
    }

    [Fact]
    public void Write_RfcSection324Example_equalsItsBytes()
    {
        const string Expected =
            "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e" +
            "756d62657273223a5b3333333333333333332e333333333333332c31652b3330" +
            "2c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac24" +
            "5c75303030665c6e4127425c225c5c5c5c5c222f227d";
        var input = CanonicalJson.Read("""{"numbers":[333333333.33333329,1E30,4.50,2e-3,1e-27],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"""u8);

        Assert.Equal(Expected, Convert.ToHexStringLower(CanonicalJson.Write(input)));
    }

    [Fact]
    public void Write_RfcSection323Names_areInOrderOfUtf16CodeUnits()
    {
        const string Input = """
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """;

        var values = CanonicalJson.Read(Encoding.UTF8.GetBytes(Canonical(Input)))!.AsObject().Select(member => member.Value!.GetValue<string>());

        Assert.Equal(
            ["Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"],
            values);
    }

    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffff, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0x41b3de4355555556, "333333333.3333334")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void Write_RfcAppendixBNumber_hasItsText(ulong bits, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(CanonicalJson.Write(JsonValue.Create(BitConverter.UInt64BitsToDouble(bits)))));

    [Theory]
    [InlineData(0x7fffffffffffffff)]
    [InlineData(0x7ff0000000000000)]
    public void Write_RfcAppendixBNonNumber_isRefused(ulong bits) =>
        Assert.Throws<FormatException>(() => CanonicalJson.Write(JsonValue.Create(BitConverter.UInt64BitsToDouble(bits))));

    [Fact]
    public void Write_anyDouble_readsBackAsTheSameBits() =>
        Gen.ULong.Select(BitConverter.UInt64BitsToDouble).Where(double.IsFinite).Sample(value =>
            CanonicalJson.Read(CanonicalJson.Write(JsonValue.Create(value)))!.GetValue<double>().Equals(value));

    /// <summary>The doubles below a power of two are denser than above, which shortest-digit algorithms are prone to overlook; .NET's does.</summary>
    [Fact]
    public void Write_everyPowerOfTwo_readsBackAsTheSameBits() => Assert.All(
        Enumerable.Range(-1074, 1074 + 1024).Select(exponent => Math.ScaleB(1.0, exponent)),
        power => Assert.Equal(power, CanonicalJson.Read(CanonicalJson.Write(power))!.GetValue<double>()));

    /// <summary>Texts by V8's Number.prototype.toString.</summary>
    [Theory]
    [InlineData(-25, "2.9802322387695312e-8")]
    [InlineData(-24, "5.960464477539063e-8")]
    [InlineData(-44, "5.684341886080802e-14")]
    [InlineData(89, "6.189700196426902e+26")]
    [InlineData(-1022, "2.2250738585072014e-308")]
    public void Write_powerOfTwo_hasTheTextOfEcmaScript(int exponent, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(CanonicalJson.Write(Math.ScaleB(1.0, exponent))));

    [Fact]
    public void Write_ofWhatWasReadFromCanonical_isTheSameBytes() =>
        JsonGen.Node.Sample(node =>
        {
            var once = CanonicalJson.Write(node);
            return CanonicalJson.Write(CanonicalJson.Read(once)).AsSpan().SequenceEqual(once);
        });

    [Fact]
    public void Write_everyNumberType_givesOneText()
    {
        JsonNode[] sevens = [7, 7L, 7UL, 7.0, 7f, 7m, (short)7, (byte)7, JsonNode.Parse("7.0")!, JsonNode.Parse("0.7e1")!];

        Assert.All(sevens, seven => Assert.Equal("7"u8.ToArray(), CanonicalJson.Write(seven)));
    }

    [Theory]
    [InlineData("9007199254740993")]
    [InlineData("-9223372036854775807")]
    [InlineData("1000000000000000000001")]
    public void Read_integerThatNoDoubleHolds_isRefused(string json) =>
        Assert.Contains("appendix D", Assert.ThrowsAny<FormatException>(() => Canonical(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Write_integerThatNoDoubleHolds_isRefused() => Assert.Throws<FormatException>(() => CanonicalJson.Write(long.MaxValue));

    [Fact]
    public void Write_loneSurrogate_isRefused() => Assert.Throws<FormatException>(() => CanonicalJson.Write("a\ud800b"));

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("{", 1, 2)]
    [InlineData("{} {}", 1, 4)]
    [InlineData("[1,]", 1, 4)]
    [InlineData("// note\n1", 1, 1)]
    [InlineData("\ufeff1", 1, 1)]
    [InlineData("01", 1, 2)]
    [InlineData("1e400", 1, 1)]
    [InlineData("NaN", 1, 1)]
    [InlineData("{\"a\":1,\n \"a\":2}", 2, 2)]
    [InlineData("{\"a\":1, \"\\u0061\":2}", 1, 9)]
    [InlineData("[\"\\ud800\"]", 1, 2)]
    [InlineData("{\"\\udc00\":1}", 1, 2)]
    public void Read_malformedText_isRefusedWithItsPosition(string json, int line, int column)
    {
        var fault = Assert.ThrowsAny<FormatException>(() => Canonical(json));

        Assert.StartsWith($"Line {line}, column {column}: ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_invalidUtf8_isRefused() =>
        Assert.ThrowsAny<FormatException>(() => CanonicalJson.Read([(byte)'"', 0xC3, 0x28, (byte)'"']));

    [Fact]
    public void Read_depth_isLimitedTo64()
    {
        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));

        Assert.Equal(Nested(64), CanonicalJson.Write(CanonicalJson.Read(Nested(64))));
        Assert.ThrowsAny<FormatException>(() => CanonicalJson.Read(Nested(65)));
    }

    [Fact]
    public void Read_anyBytes_givesANodeOrAFormatException() =>
        Gen.Select(JsonGen.Node, Gen.Int[0, 10_000], Gen.Byte).Sample((node, at, replacement) =>
        {
            var bytes = CanonicalJson.Write(node);
            bytes[at % bytes.Length] = replacement;
            try
            {
                CanonicalJson.Read(bytes);
            }
            catch (FormatException)
            {
                // the only permitted refusal; anything else fails the property
            }
        });
}
