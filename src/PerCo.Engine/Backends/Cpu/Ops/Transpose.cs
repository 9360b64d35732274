namespace PerCo.Engine.Backends.Cpu;

/// <summary>Copies of small matrices with rows and columns exchanged.</summary>
internal static unsafe class Transpose
{
    /// <summary>to[column][row] = from[row][column].</summary>
    public static void Copy(float* from, long fromStride, int rows, int columns, float* to, long toStride)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                to[column * toStride + row] = from[row * fromStride + column];
            }
        }
    }
}
